/** The browser's small storage, or null where the page may not use it. */
export function storage(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

const hearing = new Set<(key: string) => void>();

/** Puts a text into the small storage, or with null takes it out. False if it is not kept: no room, or no storage. */
export function write(storage: Storage | null, key: string, text: string | null): boolean {
  try {
    if (text === null) storage?.removeItem(key);
    else storage?.setItem(key, text);
  } catch {
    return false;
  }
  if (storage) for (const hear of hearing) hear(key);
  return storage !== null;
}

/** What is written in other windows, of which the browser tells, and by `write` in this one, of which it does not. */
export function whenWritten(hear: (key: string) => void, signal: AbortSignal): void {
  addEventListener("storage", ({ key }) => key !== null && hear(key), { signal });
  hearing.add(hear);
  signal.addEventListener("abort", () => hearing.delete(hear));
}
