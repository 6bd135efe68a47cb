/** Going on where a window ended: what text inserted in the passage has torn from it. */
import { type Alignment, alignRest, nothing, type Stretch } from "./alignment";
import type { Window } from "./candidates";
import { bisectLeft, type PageIndex } from "./page-index";
import type { Query } from "./query";

/** How many tokens may have come in between, besides those that are missing. */
const FARTHEST = 160;
/**
 * Before what was torn off is looked for, its pairs of words must promise so many tenths of what it
 * could gain (all of it would be promised twice); and it must gain so much, and more the farther
 * away it stands, to be believed.
 */
const PROMISING = 5;
const LEAST_GAIN = 60;

/**
 * Pairs the ends of the query that an alignment left out with what stands farther out. The order of
 * words is kept: what comes before in the query is sought before on the page.
 */
export function extend(
  index: PageIndex,
  query: Query,
  alignment: Alignment,
  barred: Stretch = [0, 0],
): void {
  const { pages, partial } = alignment;
  const size = pages.length;
  let first = 0;
  while (first < size && pages[first]! < 0) first += 1;
  if (first === size) return;
  let last = size - 1;
  while (pages[last]! < 0) last -= 1;
  const low = pages[first]!;
  const high = pages[last]! + 1;
  const missing = size - 1 - last;
  const before = {
    top: 0,
    bottom: first,
    low: Math.max(0, low - first - (first >> 2) - FARTHEST),
    high: low,
    votes: 0,
  };
  const reach = missing + (missing >> 2) + FARTHEST;
  const after = {
    top: last + 1,
    bottom: size,
    low: high,
    high: Math.min(index.ids.length, high + reach),
    votes: 0,
  };
  for (const window of [before, after]) {
    let hoped = 0;
    for (let at = window.top; at < window.bottom; at += 1) hoped += query.gains[at]!;
    const least = Math.max(LEAST_GAIN, Math.floor((hoped * PROMISING) / 10));
    if (promise(index, query, window) < least) continue;
    const torn = nothing(query);
    alignRest(index, query, window, barred, torn);
    const paired = torn.pages.filter((page) => page >= 0);
    if (paired.length === 0) continue;
    const away = window === before ? low - 1 - paired[paired.length - 1]! : paired[0]! - high;
    if (torn.gain < LEAST_GAIN + away) continue;
    alignment.gain += torn.gain - away;
    for (let at = window.top; at < window.bottom; at += 1) {
      pages[at] = torn.pages[at]!;
      partial[at] = torn.partial[at]!;
    }
  }
}

/** The gains of the pairs of words in a window's part of the query that its page part has. */
function promise(index: PageIndex, query: Query, window: Window): number {
  const { ids, gains } = query;
  let sum = 0;
  for (let at = window.top; at < window.bottom - 1; at += 1) {
    if (ids[at]! < 0 || ids[at + 1]! < 0) continue;
    const positions = index.pairPostings(ids[at]!, ids[at + 1]!);
    const found = bisectLeft(positions, window.low);
    if (found < positions.length && positions[found]! < window.high - 1) sum += gains[at]! + gains[at + 1]!;
  }
  return sum;
}
