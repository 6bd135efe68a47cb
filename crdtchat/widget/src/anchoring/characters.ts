/** What a character is to the matcher: its class, its folded form, where graphemes may be cut. */
import { IGNORABLES, MARKS, SIGNS, SINGLES, SPACES } from "./character-tables";
import type { CpText } from "./cp-text";

/** A word is cut after this many characters, so that a text without breaks stays affordable. */
const MAX_WORD = 64;

/** Blocks whose folding is the same in every Unicode since 12: only these are handed to the host. */
const FOLDED_BLOCKS =
  "a0-24f 370-52f 531-587 900-dff 10a0-10ff 1e00-1fff 2070-209c 2100-214f 2150-218b 2460-24ff " +
  "3041-30ff 3200-32fe 3300-33ff ac00-d7a3 fb00-fb06 fb13-fb17 fb1d-fdfb fe70-fefc ff01-ffee " +
  "1d400-1d7ff";
/** Lower-case letters that still differ from what readers take for the same letter. */
const FOLDED_LAST: Record<string, string> = { ß: "ss", ς: "σ" };
/** Quotation marks and hyphens that authors and converters exchange for each other. */
const QUOTES = "22 ab bb 2b9-2bc 2018-201f 2032-2033 2039-203a";
const DASHES = "2010-2015 2212";

const ZWJ = 0x200d;
const EXTENDERS = "200c-200d fe00-fe0f 1f3fb-1f3ff e0020-e007f e0100-e01ef ff9e-ff9f";
const PREPENDED =
  "600-605 6dd 70f 890-891 8e2 d4e 110bd 110cd 111c2-111c3 1193f 11941 11a3a 11a84-11a89";

function ranges(table: string): [number, number][] {
  return table.split(" ").map((item) => {
    const [first, last] = item.split("-");
    return [Number.parseInt(first!, 16), Number.parseInt(last ?? first!, 16)];
  });
}

/** Sorted ranges of code points, asked by bisection. */
class CodePointSet {
  readonly #pairs: [number, number][];

  constructor(...tables: string[]) {
    this.#pairs = tables.flatMap(ranges).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  has(code: number): boolean {
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (code < this.#pairs[middle]![0]) high = middle;
      else low = middle + 1;
    }
    return low > 0 && code <= this.#pairs[low - 1]![1];
  }
}

const singleSet = new CodePointSet(SINGLES);
const ignorableSet = new CodePointSet(IGNORABLES);
const signSet = new CodePointSet(SIGNS);
const spaceSet = new CodePointSet(SPACES);
const quoteSet = new CodePointSet(QUOTES);
const dashSet = new CodePointSet(DASHES);
const foldedSet = new CodePointSet(FOLDED_BLOCKS);
const extenderSet = new CodePointSet(MARKS, EXTENDERS);
const prependedSet = new CodePointSet(PREPENDED);
const pictureSet = new CodePointSet(
  "a9 ae 203c 2049 2122 2139 2190-21ff 2300-27bf 2900-2bff",
  "1f000-1faff",
);

function classBody(...tables: string[]): string {
  return tables
    .flatMap(ranges)
    .map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`)
    .join("");
}

/** Finds tokens: words, single characters of unspaced scripts, signs with all that belongs to them. */
export const TOKEN: RegExp = (() => {
  const extra = classBody(MARKS, IGNORABLES);
  const outside = classBody(SIGNS, SPACES, IGNORABLES, SINGLES, MARKS);
  const word = `[^${outside}][^${classBody(SIGNS, SPACES, SINGLES)}]{0,${MAX_WORD - 1}}`;
  const single = `[${classBody(SINGLES)}][${extra}]*`;
  const sign = classBody(SIGNS);
  const flag = "[\\u{1f1e6}-\\u{1f1ff}]{2}";
  const repeated = `([${sign}])\\1{3,${MAX_WORD - 1}}`;
  const joined = `[${sign}][${extra}\\u{1f3fb}-\\u{1f3ff}]*(?:(?<=\\u200d)[${sign}][${extra}]*)*`;
  const lone = `[${classBody(MARKS)}][${extra}]*`;
  return new RegExp(`${word}|${single}|${flag}|${repeated}|${joined}|${lone}`, "gu");
})();

const WHITE = new RegExp(`[${classBody(SPACES, IGNORABLES)}]+`, "gu");

/** Whether two texts differ in white space and invisible characters only. */
export function sameWords(first: string, second: string): boolean {
  return first.replace(WHITE, "") === second.replace(WHITE, "");
}

const foldedCodes = new Map<string, string>();

function foldCharacter(char: string): string {
  const code = char.codePointAt(0)!;
  if (ignorableSet.has(code)) return "";
  if (quoteSet.has(code)) return "'";
  if (dashSet.has(code)) return "-";
  if (!foldedSet.has(code)) return char;
  const plain = char.toLowerCase().normalize("NFKD").toLowerCase();
  let folded = "";
  for (const part of plain) {
    for (const last of FOLDED_LAST[part] ?? part) {
      if (!spaceSet.has(last.codePointAt(0)!)) folded += last;
    }
  }
  return folded;
}

function withoutUnderscores(folded: string): string {
  let start = 0;
  let end = folded.length;
  while (start < end && folded.charCodeAt(start) === 95) start += 1;
  while (end > start && folded.charCodeAt(end - 1) === 95) end -= 1;
  return end > start ? folded.slice(start, end) : folded;
}

/**
 * The form under which `raw` is compared: case, ligatures, widths and joiners removed. Underscores
 * join words (identifiers) but count for nothing at their ends (emphasis). Quotation marks are one
 * mark, and hyphens and dashes one, however they are set.
 */
export function fold(raw: string): string {
  if (/^[\0-\x7f]*$/.test(raw)) return withoutUnderscores(raw.toLowerCase().replaceAll('"', "'"));
  let result = "";
  for (const char of raw) {
    let folded = foldedCodes.get(char);
    if (folded === undefined) {
      folded = foldCharacter(char < "\x80" ? char.toLowerCase() : char);
      foldedCodes.set(char, folded);
    }
    result += folded;
  }
  return withoutUnderscores(result);
}

/** Whether a character belongs to a script written without spaces between words. */
export function isSingle(code: number): boolean {
  return singleSet.has(code);
}

/** Whether a character is punctuation, a symbol or an emoji. */
export function isSign(code: number): boolean {
  return signSet.has(code);
}

/** Whether a character is white space for the matcher (NBSP and line separators included). */
export function isSpace(code: number): boolean {
  return spaceSet.has(code);
}

function hangulKind(code: number): string {
  if ((code >= 0x1100 && code <= 0x115f) || (code >= 0xa960 && code <= 0xa97c)) return "L";
  if ((code >= 0x1160 && code <= 0x11a7) || (code >= 0xd7b0 && code <= 0xd7c6)) return "V";
  if ((code >= 0x11a8 && code <= 0x11ff) || (code >= 0xd7cb && code <= 0xd7fb)) return "T";
  if (code >= 0xac00 && code <= 0xd7a3) return (code - 0xac00) % 28 === 0 ? "V" : "T";
  return "";
}

function isFlagHalf(code: number): boolean {
  return code >= 0x1f1e6 && code <= 0x1f1ff;
}

/**
 * Whether cutting `text` before offset `atCp` keeps every grapheme whole: the rules of UAX #29,
 * without those that need the newest tables (Indic conjuncts).
 */
export function isBoundary(text: CpText, atCp: number): boolean {
  if (atCp <= 0 || atCp >= text.length) return true;
  const before = text.codeAt(atCp - 1);
  const after = text.codeAt(atCp);
  if (before < 0x300 && after < 0x300) return !(before === 13 && after === 10);
  if (before === 10 || before === 13 || after === 10 || after === 13) return true;
  if (extenderSet.has(after) || prependedSet.has(before)) return false;
  if (before === ZWJ && pictureSet.has(after)) return false;
  const left = hangulKind(before);
  const right = hangulKind(after);
  if (left !== "" && right !== "") {
    const startsSyllable = after >= 0xac00 && after <= 0xd7a3;
    if (left === "L") return !(right === "L" || right === "V" || startsSyllable);
    if (!startsSyllable) return !(right === "T" || (left === "V" && right === "V"));
  }
  if (isFlagHalf(before) && isFlagHalf(after)) {
    let run = atCp - 1;
    while (run >= 0 && isFlagHalf(text.codeAt(run))) run -= 1;
    return (atCp - 1 - run) % 2 === 0;
  }
  return true;
}
