/** What became of words: which of them were taken out, and which were put in. */

export interface Part {
  text: string;
  /** Not in the other wording. */
  other: boolean;
}

export interface Compared {
  before: Part[];
  now: Part[];
}

/** Words, single characters of scripts that put no spaces between words, signs, and stretches of space. */
const TOKENS = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]|[\p{L}\p{M}\p{N}]+|\s+|./gsu;
const MOST_TOKENS = 600;
/** What both have in common is shown around the differences, and no more of it than this, in code points. */
const AROUND_CP = 48;
const LONGEST_CP = 800;
/** Of the words; below this they are other words and not changed ones. */
const LEAST_ALIKE = 0.25;

/** Whether people would call them the same words: white space and case aside. */
export function sameWords(one: string, other: string): boolean {
  const plain = (text: string) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  return one === other || plain(one) === plain(other);
}

export function compareWords(before: string, now: string): Compared {
  const [old, fresh] = [before.match(TOKENS) ?? [], now.match(TOKENS) ?? []];
  const [kept, keptNow] = common(old, fresh);
  if (!alike(old, kept) && !alike(fresh, keptNow)) return { before: whole(before), now: whole(now) };
  return { before: parts(old, kept), now: parts(fresh, keptNow) };
}

/** Whether so much stayed that the differences are worth showing. */
function alike(tokens: string[], kept: boolean[]): boolean {
  const words = tokens.map((text) => /[\p{L}\p{N}]/u.test(text));
  const stayed = kept.filter((one, at) => one && words[at]).length;
  return stayed >= LEAST_ALIKE * words.filter(Boolean).length;
}

const whole = (text: string): Part[] => [{ text: shorten(text, LONGEST_CP, LONGEST_CP / 8), other: false }];

/** For each token of both whether it belongs to the longest common sequence. */
function common(old: string[], fresh: string[]): [boolean[], boolean[]] {
  const [kept, keptNow] = [old.map(() => false), fresh.map(() => false)];
  const pair = (at: number, to: number): void => {
    kept[at] = true;
    keptNow[to] = true;
  };
  let [start, end, endNow] = [0, old.length, fresh.length];
  while (start < end && start < endNow && old[start] === fresh[start]) pair(start, start++);
  while (end > start && endNow > start && old[end - 1] === fresh[endNow - 1]) pair(--end, --endNow);
  const [rows, columns] = [end - start, endNow - start];
  if (rows > MOST_TOKENS || columns > MOST_TOKENS) return [kept, keptNow];
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  const length = (row: number, column: number): number => lengths[row * width + column] as number;
  for (let row = rows - 1; row >= 0; row--)
    for (let column = columns - 1; column >= 0; column--)
      lengths[row * width + column] =
        old[start + row] === fresh[start + column]
          ? length(row + 1, column + 1) + 1
          : Math.max(length(row + 1, column), length(row, column + 1));
  for (let row = 0, column = 0; row < rows && column < columns; )
    if (old[start + row] === fresh[start + column]) pair(start + row++, start + column++);
    else if (length(row + 1, column) >= length(row, column + 1)) row++;
    else column++;
  return [kept, keptNow];
}

function parts(tokens: string[], kept: boolean[]): Part[] {
  const found: Part[] = [];
  tokens.forEach((text, at) => {
    const last = found.at(-1);
    const bridge = last?.other && /^\s+$/.test(text) && kept[at + 1] === false;
    const other = !kept[at] || bridge === true;
    if (last?.other === other) last.text += text;
    else found.push({ text, other });
  });
  return found.map(({ text, other }, at) => {
    if (other || found.length === 1) return { text: shorten(text, LONGEST_CP, LONGEST_CP / 8), other };
    const [head, tail] = [at === 0 ? 0 : AROUND_CP, at === found.length - 1 ? 0 : AROUND_CP];
    return { text: shorten(text, head, tail), other };
  });
}

/** The head and the tail of a long text. */
export function shorten(text: string, headCp: number, tailCp: number): string {
  const points = Array.from(text);
  if (points.length <= headCp + tailCp + 3) return text;
  const tail = tailCp > 0 ? points.slice(-tailCp) : [];
  return `${points.slice(0, headCp).join("")} … ${tail.join("")}`;
}
