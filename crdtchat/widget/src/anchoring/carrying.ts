/** The short way with the old page at hand: what stands in an unbroken run needs no search. */
import { sameWords } from "./characters";
import type { PageDiff } from "./page-diff";
import { bisectLeft } from "./page-index";
import type { Selectors } from "./selectors";

/**
 * Tokens that must go with the quote on each side, those that are looked at, and their bits; and
 * the bits that do without neighbours on a side.
 */
const LEAST_TOKENS = 4;
const MOST_TOKENS = 12;
const LEAST_BITS = 100;
const PLENTY_OF_BITS = 160;

/**
 * Where the quote went if it and its neighbours went as one piece and it kept its words. The
 * selectors must stand in the old page. Null if there is any doubt.
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
