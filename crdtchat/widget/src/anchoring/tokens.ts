/** Cutting a text into tokens that remember where they stood. */
import { fold, isSign, isSingle, TOKEN } from "./characters";
import { type CpText, cpLength } from "./cp-text";

/** Words of at least this many characters may match in part, by their first STEM characters. */
const STEMMED_FROM = 5;
const STEM = 4;

/**
 * Tokens in reading order: offsets into the text in code points, and folded forms. Folding never
 * moves a boundary, so `starts` and `ends` are the exact way back to the text.
 */
export interface Tokens {
  starts: number[];
  ends: number[];
  folds: string[];
}

/** The tokens of `text`; `cache` may be shared by calls to fold each word only once. */
export function tokenize(text: CpText, cache: Map<string, string> = new Map()): Tokens {
  const starts: number[] = [];
  const ends: number[] = [];
  const folds: string[] = [];
  const source = text.text;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(source); found !== null; found = TOKEN.exec(source)) {
    const raw = found[0];
    let folded = cache.get(raw);
    if (folded === undefined) {
      folded = fold(raw);
      cache.set(raw, folded);
    }
    if (folded !== "") {
      starts.push(text.cp(found.index));
      ends.push(text.cp(found.index + raw.length));
      folds.push(folded);
    }
  }
  return { starts, ends, folds };
}

/** 1 for tokens that the next token touches, else 0. */
export function glue(tokens: Tokens): Int32Array {
  const { starts, ends } = tokens;
  return Int32Array.from(starts, (_, at) => (at + 1 < starts.length && ends[at] === starts[at + 1] ? 1 : 0));
}

/** What a word shares with its inflections, or an empty string for a short one. */
export function stem(folded: string): string {
  if (folded.length < STEMMED_FROM || cpLength(folded) < STEMMED_FROM) return "";
  let end = 0;
  for (let step = 0; step < STEM; step += 1) end += folded.codePointAt(end)! > 0xffff ? 2 : 1;
  return folded.slice(0, end);
}

/** Whether a token is made of letters or digits and not of signs (single characters count). */
export function isWord(folded: string): boolean {
  return !isSign(folded.codePointAt(0)!);
}

/** The most that a token may weigh, however rare it is: short tokens carry little. */
export function weightCap(folded: string): number {
  const code = folded.codePointAt(0)!;
  if (isSign(code)) return 4;
  if (isSingle(code)) return 12;
  return [8, 11, 14, 16][Math.min(cpLength(folded), 4) - 1]!;
}
