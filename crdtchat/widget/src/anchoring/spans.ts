/** From an alignment to the range of the text that the quote has become. */
import type { Alignment } from "./alignment";
import { isBoundary, isSpace } from "./characters";
import { type CpText, codePoints } from "./cp-text";
import { likeness } from "./likeness";
import type { PageIndex } from "./page-index";
import type { Query } from "./query";
import { mend } from "./tearing";

/** A word may have become so many tokens more. */
const CUT_WORD = 3;

/** Page tokens `low` to `high` - 1 stand for the quote, code points `startCp` to `endCp`. */
export interface Span {
  low: number;
  high: number;
  startCp: number;
  endCp: number;
}

/** How many unpaired page tokens beside the first paired one stand for the missing ones. */
function takeEdge(missing: number, gap: number | null, missingContext: number): number {
  if (gap === null) return 0;
  if (missingContext === 0) return gap <= 2 * missing + 3 ? gap : missing;
  // the context's end was replaced too: only where words were replaced one by one is it clear
  // which of the new ones belong to the quote
  return gap === missing + missingContext ? missing : 0;
}

/**
 * How many unpaired page tokens beside a pair of unlike words belong to the same word. `step` tells
 * on which side they are; a word may have been cut in two, or given a hyphen.
 */
function restOfWord(
  index: PageIndex,
  query: Query,
  alignment: Alignment,
  at: number,
  gap: number | null,
  step: number,
): number {
  if (!alignment.partial[at]! || gap === null || gap <= 0 || gap > CUT_WORD) return 0;
  const { folds } = index.tokens;
  const page = alignment.pages[at]!;
  const old = query.tokens.folds[at]!;
  let best = likeness(old, folds[page]!) ?? 0;
  let found = 0;
  for (let many = 1; many <= gap; many += 1) {
    const [low, high] = step < 0 ? [page - many, page] : [page, page + many];
    const alike = likeness(old, folds.slice(low, high + 1).join("")) ?? 0;
    if (alike > best) {
      best = alike;
      found = many;
    }
  }
  return found;
}

/** The range for the quote; its edges come from the quote's tokens and their neighbours. */
export function findSpan(index: PageIndex, query: Query, alignment: Alignment): Span | null {
  mend(index, query, alignment);
  const { pages } = alignment;
  let first = query.first;
  let last = query.last - 1;
  while (first <= last && pages[first]! < 0) first += 1;
  while (last >= first && pages[last]! < 0) last -= 1;
  if (first > last) return null;
  const size = pages.length;
  let left = query.first - 1;
  while (left >= 0 && pages[left]! < 0) left -= 1;
  let gap: number | null;
  if (left >= 0) gap = pages[first]! - pages[left]! - 1;
  else gap = query.atStart && query.first === 0 ? pages[first]! : null;
  let missing = first - query.first;
  const low =
    pages[first]! -
    (missing > 0
      ? takeEdge(missing, gap, query.first - 1 - left)
      : restOfWord(index, query, alignment, first, gap, -1));
  let right = query.last;
  while (right < size && pages[right]! < 0) right += 1;
  if (right < size) gap = pages[right]! - pages[last]! - 1;
  else gap = query.atEnd && query.last === size ? index.ids.length - 1 - pages[last]! : null;
  missing = query.last - 1 - last;
  const high =
    pages[last]! +
    1 +
    (missing > 0
      ? takeEdge(missing, gap, right - query.last)
      : restOfWord(index, query, alignment, last, gap, 1));
  const startCp = startOffset(index, query, alignment, low);
  const endCp = endOffset(index, query, alignment, high);
  if (endCp < startCp) {
    return { low, high, startCp: index.tokens.starts[low]!, endCp: index.tokens.ends[high - 1]! };
  }
  return { low, high, startCp, endCp };
}

function commonHead(first: readonly number[], second: readonly number[]): number {
  const limit = Math.min(first.length, second.length);
  let at = 0;
  while (at < limit && first[at] === second[at]) at += 1;
  return at;
}

/** The offset inside page token `page` that answers to `offset` inside query token `at`. */
function inside(index: PageIndex, query: Query, at: number, page: number, offset: number): number {
  const old = codePoints(query.passage.slice(query.tokens.starts[at]!, query.tokens.ends[at]!));
  const start = index.tokens.starts[page]!;
  const end = index.tokens.ends[page]!;
  const fresh = codePoints(index.text.slice(start, end));
  if (offset === old.length) return end;
  if (offset <= commonHead(old, fresh)) return start + offset;
  const rest = old.length - offset;
  if (rest <= commonHead(old.reverse(), fresh.reverse())) return end - rest;
  return start + Math.min(offset, end - start);
}

function startOffset(index: PageIndex, query: Query, alignment: Alignment, low: number): number {
  let start = index.tokens.starts[low]!;
  const { first } = query;
  const { pages } = alignment;
  let offset = query.quoteStartCp - query.tokens.starts[first]!;
  if (pages[first] !== low) {
    // the quote began inside a word that was replaced: its part of it may still be there
    const end = index.tokens.ends[low]!;
    const part = query.tokens.ends[first]! - query.quoteStartCp;
    const rest = query.passage.slice(query.quoteStartCp, query.tokens.ends[first]!);
    const alone = pages[first]! < 0 && pages[first + 1] === low + 1;
    return alone && offset > 0 && index.text.slice(start, end).endsWith(rest) ? end - part : start;
  }
  if (offset >= 0) return inside(index, query, first, low, offset);
  const floor = low > 0 ? index.tokens.ends[low - 1]! : 0;
  while (offset < 0 && start > floor && isSpace(index.text.codeAt(start - 1))) {
    start -= 1;
    offset += 1;
  }
  return start;
}

function endOffset(index: PageIndex, query: Query, alignment: Alignment, high: number): number {
  const { tokens } = index;
  let end = tokens.ends[high - 1]!;
  const last = query.last - 1;
  let offset = query.quoteEndCp - query.tokens.starts[last]!;
  if (alignment.pages[last] !== high - 1) {
    const start = tokens.starts[high - 1]!;
    const rest = query.passage.slice(query.tokens.starts[last]!, query.quoteEndCp);
    const alone = alignment.pages[last]! < 0 && last > 0 && alignment.pages[last - 1] === high - 2;
    const cut = query.quoteEndCp < query.tokens.ends[last]!;
    return alone && cut && index.text.slice(start, end).startsWith(rest) ? start + offset : end;
  }
  const length = query.tokens.ends[last]! - query.tokens.starts[last]!;
  if (offset <= length) return inside(index, query, last, high - 1, offset);
  offset -= length;
  const ceiling = tokens.starts[high] ?? index.text.length;
  while (offset > 0 && end < ceiling && isSpace(index.text.codeAt(end))) {
    end += 1;
    offset -= 1;
  }
  return end;
}

/** The range widened until no grapheme is cut. */
export function wholeGraphemes(text: CpText, startCp: number, endCp: number): [number, number] {
  let start = startCp;
  let end = endCp;
  while (!isBoundary(text, start)) start -= 1;
  while (!isBoundary(text, end)) end += 1;
  return [start, end];
}
