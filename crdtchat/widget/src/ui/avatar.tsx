/** A person as a coloured disc with initials; the same person has the same colour everywhere. */
export function Avatar({ id, name, small }: { id: string; name: string; small?: boolean }) {
  return (
    <span class={`avatar${small ? " small" : ""}`} style={{ "--hue": String(hue(id)) }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function hue(id: string): number {
  let hash = 2166136261;
  for (const letter of id) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 16777619);
  return (hash >>> 0) % 360;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => Array.from(word ?? "?")[0]?.toLocaleUpperCase() ?? "?").join("");
}
