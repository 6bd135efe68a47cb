/** Where the comparison of the old page with the new one puts a passage. */
import type { Alignment } from "./alignment";
import { sameWords } from "./characters";
import { cpLength } from "./cp-text";
import type { PageDiff } from "./page-diff";
import { bisectLeft } from "./page-index";
import type { Query } from "./query";
import type { Selectors } from "./selectors";

/**
 * Tokens that must go with the quote on each side, those that are looked at, and their bits; and
 * the bits that do without neighbours on a side.
 */
const LEAST_TOKENS = 4;
const MOST_TOKENS = 12;
const LEAST_BITS = 100;
const PLENTY_OF_BITS = 160;
/** Bits of a quote that would hardly be written twice by chance. */
export const DISTINCT_BITS = 40;
/** What stands farther from its neighbour than this went another way. */
const TOGETHER = 200;

/**
 * Where the quote went if it and its neighbours went as one piece and it kept its words. What stands
 * in an unbroken run needs no search. The selectors must stand in the old page. Null if there is any
 * doubt.
 */
export function carry(diff: PageDiff, selectors: Selectors): [startCp: number, endCp: number] | null {
  const old = diff.old.tokens;
  const fresh = diff.fresh.tokens;
  const { toNew } = diff;
  const first = bisectLeft(old.ends, selectors.startCp + 1);
  const last = bisectLeft(old.starts, selectors.endCp);
  if (first >= last) return null;
  const place = toNew[first]!;
  if (place < 0) return null;
  const shift = place - first;
  for (let at = first; at < last; at += 1) if (toNew[at] !== at + shift) return null;
  let low = first;
  while (low > 0 && first - low < MOST_TOKENS && toNew[low - 1]! >= 0 && toNew[low - 1] === low - 1 + shift) {
    low -= 1;
  }
  let high = last;
  while (high < toNew.length && high - last < MOST_TOKENS && toNew[high] === high + shift) high += 1;
  let bits = 0;
  for (let at = low; at < high; at += 1) bits += diff.fresh.weight(old.folds[at]!);
  const beside = Math.min(first - low, high - last);
  if (bits < (beside >= LEAST_TOKENS ? LEAST_BITS : PLENTY_OF_BITS)) return null;
  const { text } = diff.fresh;
  const start = fresh.starts[place]! + selectors.startCp - old.starts[first]!;
  const end = fresh.ends[last - 1 + shift]! + selectors.endCp - old.ends[last - 1]!;
  if (!(start >= 0 && start <= end && end <= text.length)) return null;
  return sameWords(text.slice(start, end), selectors.exact) ? [start, end] : null;
}

/**
 * Where the quote went if its words stand once on the old page and once on the new one. Null if they
 * are too common to tell anything, or if the comparison puts most of them elsewhere.
 */
export function findOnce(diff: PageDiff, selectors: Selectors): [startCp: number, endCp: number] | null {
  const start = diff.fresh.text.onlyPlace(selectors.exact);
  if (start < 0 || diff.old.text.onlyPlace(selectors.exact) < 0) return null;
  const old = diff.old.tokens;
  const fresh = diff.fresh.tokens;
  const first = bisectLeft(old.ends, selectors.startCp + 1);
  const last = bisectLeft(old.starts, selectors.endCp);
  const end = start + cpLength(selectors.exact);
  const low = bisectLeft(fresh.ends, start + 1);
  const high = bisectLeft(fresh.starts, end);
  let bits = 0;
  let elsewhere = 0;
  for (let at = first; at < last; at += 1) {
    const weight = diff.fresh.weight(old.folds[at]!);
    bits += weight;
    const place = diff.toNew[at]!;
    if (place >= 0 && (place < low || place >= high)) elsewhere += weight;
  }
  return bits >= DISTINCT_BITS && 2 * elsewhere <= bits ? [start, end] : null;
}

/**
 * The query's tokens paired as the comparison pairs them, null if it pairs none of the quote.
 * `oldFirst` is the old page's token for the query's first one. From the quote's first pair
 * outwards, pairs out of order or far away are left out.
 */
export function carriedAlignment(diff: PageDiff, query: Query, oldFirst: number): Alignment | null {
  const size = query.ids.length;
  const { toNew } = diff;
  let home = query.first;
  while (home < query.last && toNew[oldFirst + home]! < 0) home += 1;
  if (home === query.last) return null;
  const pages = new Array<number>(size).fill(-1);
  let near = toNew[oldFirst + home]!;
  pages[home] = near;
  for (let at = home - 1; at >= 0; at -= 1) {
    const place = toNew[oldFirst + at]!;
    if (place >= 0 && place >= near - TOGETHER && place < near) {
      pages[at] = place;
      near = place;
    }
  }
  near = pages[home]!;
  for (let at = home + 1; at < size; at += 1) {
    const place = toNew[oldFirst + at]!;
    if (place > near && place <= near + TOGETHER) {
      pages[at] = place;
      near = place;
    }
  }
  let gain = 0;
  for (let at = 0; at < size; at += 1) if (pages[at]! >= 0) gain += query.gains[at]!;
  return { pages, partial: new Array<boolean>(size).fill(false), gain };
}
