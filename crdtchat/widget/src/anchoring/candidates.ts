/** Where on the page a passage may be: votes of shared tokens on diagonals. */
import { bisectLeft, type PageIndex } from "./page-index";
import type { Query } from "./query";

/**
 * A token that stands in more places than this does not vote alone but with its neighbour, and a
 * pair in more places than this only if nothing else votes, and then only for those nearest to the
 * expected one: bounds the work on texts that repeat themselves.
 */
const MOST_VOTES = 8;
const MOST_PAIR_VOTES = 32;
/** log2 of the width of a bucket of diagonals. */
const BUCKET_BITS = 3;
const PLACES = 3;
const PLACES_LONG = 2;
const LONG_QUERY = 300;
/** A place needs this share of the best one's votes, in tenths. */
const SHARE = 4;
/** Buckets on each side whose votes belong to a place: so many words may have come or gone. */
const REACH = 3;
/** Tokens added around what voted. */
const SLACK = 8;

/** Query tokens `top` to `bottom` - 1 may stand among page tokens `low` to `high` - 1. */
export interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly low: number;
  readonly high: number;
  /** The votes for it; hints have them too. */
  readonly votes: number;
}

/** Votes for a bucket: their sum, and the first and last query token that voted. */
type Votes = Map<number, [sum: number, first: number, last: number]>;

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

function count(index: PageIndex, query: Query, expected: number): Votes {
  const votes: Votes = new Map();
  const { ids, gains } = query;
  const size = ids.length;
  const crowded: [at: number, gain: number, positions: readonly number[]][] = [];
  const vote = (at: number, gain: number, positions: readonly number[]): void => {
    for (const position of positions) {
      const bucket = (position - at) >> BUCKET_BITS;
      const cast = votes.get(bucket);
      if (cast === undefined) votes.set(bucket, [gain, at, at]);
      else {
        cast[0] += gain;
        cast[2] = Math.max(cast[2], at);
        cast[1] = Math.min(cast[1], at);
      }
    }
  };
  let total = 0;
  for (let at = 0; at < size; at += 1) {
    total += gains[at]!;
    const number = ids[at]!;
    if (number < 0) continue;
    const positions = index.postings(number);
    if (positions.length <= MOST_VOTES) vote(at, 2 * gains[at]!, positions);
    else if (at + 1 < size && ids[at + 1]! >= 0) {
      const pairs = index.pairPostings(number, ids[at + 1]!);
      const gain = gains[at]! + gains[at + 1]!;
      if (pairs.length <= MOST_PAIR_VOTES) vote(at, gain, pairs);
      else crowded.push([at, gain, pairs]);
    }
  }
  let best = 0;
  for (const [sum] of votes.values()) best = Math.max(best, sum);
  if (best * 4 < total) {
    // the passage is made of what stands everywhere: only nearness is left to tell
    for (const [at, gain, pairs] of crowded) {
      vote(at, gain, nearestPositions(pairs, expected + at, MOST_PAIR_VOTES));
    }
  }
  return votes;
}

/**
 * Windows that may hold the passage. `expected` is the page token where the passage's first token
 * would stand had nothing changed; `hints` are such tokens known from elsewhere, always looked at.
 */
export function findWindows(index: PageIndex, query: Query, expected: number, hints: number[]): Window[] {
  const votes = count(index, query, expected);
  const home = expected >> BUCKET_BITS;
  let best = 0;
  const joined: [votes: number, bucket: number][] = [];
  for (const [bucket, cast] of votes) {
    const both = cast[0] + (votes.get(bucket + 1)?.[0] ?? 0);
    joined.push([both, bucket]);
    best = Math.max(best, both);
  }
  const ranked = joined
    .filter(([sum]) => sum * 10 >= best * SHARE)
    .sort((a, b) => b[0] - a[0] || Math.abs(a[1] - home) - Math.abs(b[1] - home) || a[1] - b[1]);
  const most = query.ids.length <= LONG_QUERY ? PLACES : PLACES_LONG;
  const chosen: number[] = [];
  const windows: Window[] = [];
  const add = (bucket: number, hinted: boolean): boolean => {
    if (chosen.some((other) => Math.abs(bucket - other) <= 2)) return false;
    chosen.push(bucket);
    windows.push(around(index, query, votes, bucket, hinted));
    return true;
  };
  for (const hint of hints) add((hint - (1 << (BUCKET_BITS - 1))) >> BUCKET_BITS, true);
  let added = 0;
  for (const [, bucket] of ranked) {
    if (added >= most) break;
    if (add(bucket, false)) added += 1;
  }
  return windows.filter((window) => window.low < window.high);
}

/** The window that holds what voted for a bucket and its neighbours. */
function around(index: PageIndex, query: Query, votes: Votes, bucket: number, hinted: boolean): Window {
  const width = 1 << BUCKET_BITS;
  const size = query.ids.length;
  const total = index.ids.length;
  let top = hinted ? query.first : size;
  let bottom = hinted ? query.last : 0;
  let low = hinted ? top + bucket * width : total;
  let high = hinted ? bottom + (bucket + 1) * width : 0;
  const middle = (votes.get(bucket)?.[0] ?? 0) + (votes.get(bucket + 1)?.[0] ?? 0);
  for (let near = bucket - REACH; near < bucket + REACH + 2; near += 1) {
    const cast = votes.get(near);
    if (cast === undefined || cast[0] * 8 < middle) continue;
    top = Math.min(top, cast[1]);
    bottom = Math.max(bottom, cast[2] + 2);
    low = Math.min(low, cast[1] + near * width);
    high = Math.max(high, cast[2] + 2 + (near + 1) * width);
  }
  return {
    top: Math.max(0, top - SLACK),
    bottom: Math.min(size, bottom + SLACK),
    low: Math.max(0, low - SLACK),
    high: Math.min(total, high + SLACK),
    votes: middle,
  };
}
