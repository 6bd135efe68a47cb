/** Where on the page a passage may be: votes of shared tokens on diagonals. */
import { bisectLeft, type PageIndex } from "./page-index";
import type { Query } from "./query";

/**
 * A token or pair that stands in more places than this votes only for those nearest to the
 * expected one: bounds the work on texts that repeat themselves.
 */
const MOST_VOTES = 32;
/** log2 of the width of a bucket of diagonals. */
const BUCKET_BITS = 3;
const PLACES = 4;
const PLACES_LONG = 2;
const LONG_QUERY = 300;
const PAD = 24;

export type Window = readonly [low: number, high: number];

/** At most `most` of the sorted `positions`, around `expected`. */
export function nearestPositions(
  positions: readonly number[],
  expected: number,
  most: number,
): readonly number[] {
  if (positions.length <= most) return positions;
  const at = bisectLeft(positions, expected);
  const low = Math.max(0, Math.min(at - (most >> 1), positions.length - most));
  return positions.slice(low, low + most);
}

/**
 * Windows of page tokens that may hold the passage, the most promising first. `expected` is the
 * page token where the passage's first token would stand had nothing changed; `hints` are such
 * tokens known from elsewhere, always looked at.
 */
export function findWindows(index: PageIndex, query: Query, expected: number, hints: number[]): Window[] {
  const votes = new Map<number, number>();
  const { ids, gains } = query;
  const size = ids.length;
  const vote = (position: number, gain: number): void => {
    const bucket = position >> BUCKET_BITS;
    votes.set(bucket, (votes.get(bucket) ?? 0) + gain);
  };
  for (let at = 0; at < size; at += 1) {
    const number = ids[at]!;
    if (number < 0) continue;
    const positions = index.postings(number);
    if (positions.length <= MOST_VOTES) {
      for (const position of positions) vote(position - at, gains[at]!);
    }
    if (at + 1 < size && ids[at + 1]! >= 0) {
      const pairs = index.pairPostings(number, ids[at + 1]!);
      const gain = gains[at]! + gains[at + 1]!;
      for (const position of nearestPositions(pairs, expected + at, MOST_VOTES)) {
        vote(position - at, gain);
      }
    }
  }
  const home = expected >> BUCKET_BITS;
  let best = 0;
  const joined: [number, number][] = [];
  for (const [bucket, count] of votes) {
    const both = count + (votes.get(bucket + 1) ?? 0);
    joined.push([both, bucket]);
    best = Math.max(best, both);
  }
  const ranked = joined
    .filter(([count]) => count * 8 >= best)
    .sort((a, b) => b[0] - a[0] || Math.abs(a[1] - home) - Math.abs(b[1] - home) || a[1] - b[1]);
  const total = index.ids.length;
  const chosen: number[] = [];
  const windows: Window[] = [];
  const most = size <= LONG_QUERY ? PLACES : PLACES_LONG;
  const pad = PAD + (size >> 2);
  const add = (bucket: number): boolean => {
    if (chosen.some((other) => Math.abs(bucket - other) <= 2)) return false;
    chosen.push(bucket);
    const begin = bucket << BUCKET_BITS;
    const low = Math.max(0, begin - pad);
    const high = Math.min(total, begin + (2 << BUCKET_BITS) + size + pad);
    if (low < high) windows.push([low, high]);
    return true;
  };
  for (const hint of hints) add((hint - (1 << (BUCKET_BITS - 1))) >> BUCKET_BITS);
  let added = 0;
  for (const [, bucket] of ranked) {
    if (added >= most) break;
    if (add(bucket)) added += 1;
  }
  return windows;
}
