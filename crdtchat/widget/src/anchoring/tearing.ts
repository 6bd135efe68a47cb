/** A quote that an alignment tore apart keeps the part that is like it. */
import type { Alignment } from "./alignment";
import type { PageIndex } from "./page-index";
import type { Query } from "./query";

/** From so many page tokens on that came in between, two parts of a quote are looked at apart. */
const TORN = 3;
/** A range that is less like the quote than this, in tenths, is not what became of it. */
const ALIKE = 6;

/**
 * Takes back the pairs of the quote's torn-off ends if without them the rest is more like it. Only
 * where the whole range would be so unlike the quote that nobody would call it an edit of it. Every
 * word of the quote gains, so an alignment takes along a word or a sign far away. What stands beside
 * the rest word by word is paired instead.
 */
export function mend(index: PageIndex, query: Query, alignment: Alignment): void {
  const { pages, partial } = alignment;
  const rows: number[] = [];
  let total = 0;
  for (let at = query.first; at < query.last; at += 1) {
    total += query.weights[at]!;
    if (pages[at]! >= 0) rows.push(at);
  }
  const page = (number: number): number => pages[rows[number]!]!;
  const bounds = [0];
  for (let number = 1; number < rows.length; number += 1) {
    const between = page(number) - page(number - 1) - (rows[number]! - rows[number - 1]!);
    if (between >= TORN) bounds.push(number);
  }
  if (bounds.length === 1) return;
  bounds.push(rows.length);
  const pieces = bounds.length - 1;
  const kept = [0];
  for (let piece = 0; piece < pieces; piece += 1) {
    let worth = kept[piece]!;
    for (const at of rows.slice(bounds[piece], bounds[piece + 1])) {
      worth += partial[at]! ? query.weights[at]! >> 1 : query.weights[at]!;
    }
    kept.push(worth);
  }
  const begins = bounds.slice(0, pieces).map((bound) => page(bound));
  const ends = bounds.slice(1).map((bound) => page(bound - 1) + 1);
  const heights = [0];
  for (let at = begins[0]!; at < ends[ends.length - 1]!; at += 1) {
    heights.push(heights[heights.length - 1]! + index.weightAt(at));
  }
  // twice what pieces `from` to `to` - 1 share with the quote, and all that both weigh
  const alike = (from: number, to: number): [shared: number, both: number] => {
    const here = heights[ends[to - 1]! - begins[0]!]! - heights[begins[from]! - begins[0]!]!;
    return [2 * (kept[to]! - kept[from]!), total + here];
  };
  let low = 0;
  let high = pieces;
  let [shared, both] = alike(low, high);
  if (shared * 10 >= both * ALIKE) return;
  for (let changed = true; changed; ) {
    changed = false;
    const ways: [from: number, to: number][] = [];
    for (let at = low + 1; at < high; at += 1) ways.push([at, high]);
    for (let at = low + 1; at < high; at += 1) ways.push([low, at]);
    for (const [from, to] of ways) {
      const [less, lessBoth] = alike(from, to);
      if (less * both <= shared * lessBoth) continue;
      [low, high, shared, both] = [from, to, less, lessBoth];
      changed = true;
    }
  }
  const first = rows[bounds[low]!]!;
  const last = rows[bounds[high]! - 1]!;
  for (const at of rows) {
    if (first <= at && at <= last) continue;
    pages[at] = -1;
    partial[at] = false;
  }
  if (low > 0) pairBeside(index, query, alignment, first, -1);
  if (high < pieces) pairBeside(index, query, alignment, last, 1);
}

/** Pairs what is equal from a pair outwards, up to the first difference. */
function pairBeside(index: PageIndex, query: Query, alignment: Alignment, from: number, step: number): void {
  let at = from + step;
  let place = alignment.pages[from]! + step;
  while (
    at >= 0 &&
    at < query.ids.length &&
    place >= 0 &&
    place < index.ids.length &&
    query.ids[at] === index.ids[place] &&
    alignment.pages[at] !== place
  ) {
    alignment.pages[at] = place;
    alignment.partial[at] = false;
    at += step;
    place += step;
  }
}
