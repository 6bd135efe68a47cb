/**
 * Local alignment of a query with windows of the page, with affine gaps. All arithmetic is on
 * integers, so that both twins find the same alignment and not merely one of the same worth.
 */
import type { Window } from "./candidates";
import { bisectLeft, type PageIndex } from "./page-index";
import type { Query } from "./query";

const MISMATCH = -8;
const GAP_OPEN = 10;
const GAP_EXTEND = 1;
/**
 * Words inserted inside the quote cost more than words inserted beside it, so that of two equal
 * ways the quote stays together.
 */
const GAP_OPEN_INSIDE = 12;
const GAP_EXTEND_INSIDE = 1;
/**
 * A run of equal tokens at an end of a window is taken for granted from this length on; this many
 * tokens from the end it may begin, in at most so many places; this many of its tokens are aligned
 * nevertheless, so that what lies between the runs has something to hold on to.
 */
const END_LONG = 10;
const END_TRIES = 3;
const END_PLACES = 8;
const END_OVERLAP = 4;
/** The quick way is believed if it gains so many tenths of what the window's tokens can gain. */
const GOOD_ENOUGH = 7;
/** It is tried where the votes are so many tenths of that gain (pairs vote twice). */
const PROMISING = 12;
/** How many words may have come in between the quote and its contexts. */
const SIDE_SLACK = 16;
const FLOOR = -(1 << 28);

/**
 * Which page token each token of the query is paired with (-1: none), and the gain. `partial`
 * tells the pairs that share a stem only.
 */
export interface Alignment {
  pages: number[];
  partial: boolean[];
  gain: number;
}

/** Page tokens from, to. */
export type Stretch = readonly [low: number, high: number];

/** How many tokens are equal from a pair onwards (`step` 1) or backwards (-1). */
function runFrom(
  index: PageIndex,
  query: Query,
  start: number,
  place: number,
  step: number,
  window: Window,
): number {
  const { ids } = index;
  let at = start;
  let page = place;
  let length = 0;
  while (
    at >= window.top &&
    at < window.bottom &&
    page >= window.low &&
    page < window.high &&
    query.ids[at] === ids[page]
  ) {
    length += 1;
    at += step;
    page += step;
  }
  return length;
}

/**
 * The longest run of equal tokens at an end of the window: where it begins, how long it is. No run
 * is better than a doubtful one: it must be long and have no rival half as long.
 */
function endRun(index: PageIndex, query: Query, window: Window, step: number): [number, number, number] {
  const wanted = query.ids;
  for (let away = 0; away < END_TRIES; away += 1) {
    const at = step > 0 ? window.top + away : window.bottom - 1 - away;
    const first = step > 0 ? at : at - 1;
    if (first < window.top || first >= window.bottom - 1) continue;
    if (wanted[first]! < 0 || wanted[first + 1]! < 0) continue;
    const positions = index.pairPostings(wanted[first]!, wanted[first + 1]!);
    const begin = bisectLeft(positions, window.low);
    const end = bisectLeft(positions, window.high - 1);
    let best = 0;
    let second = 0;
    let place = 0;
    for (let number = begin; number < Math.min(end, begin + END_PLACES); number += 1) {
      const page = positions[number]! + (step > 0 ? 0 : 1);
      const length = runFrom(index, query, at, page, step, window);
      if (length > best) {
        second = best;
        best = length;
        place = page;
      } else second = Math.max(second, length);
    }
    if (best >= END_LONG && 2 * second < best && end - begin <= END_PLACES) return [at, place, best];
  }
  return [0, 0, 0];
}

function write(query: Query, alignment: Alignment, at: number, page: number, length: number): void {
  for (let step = 0; step < length; step += 1) {
    if (alignment.pages[at + step]! < 0) alignment.gain += query.gains[at + step]!;
    alignment.pages[at + step] = page + step;
  }
}

/** Pairs long equal runs at both ends and gives what is left, with a few tokens of overlap. */
function pairEnds(index: PageIndex, query: Query, window: Window, alignment: Alignment): Window {
  let { top, bottom, low, high } = window;
  const [at, page, length] = endRun(index, query, window, 1);
  if (length > 0) {
    write(query, alignment, at, page, length);
    if (at + length === bottom) return { ...window, top: bottom, bottom, low, high: low };
    top = at + length - END_OVERLAP;
    low = page + length - END_OVERLAP;
  }
  const [tail, place, many] = endRun(index, query, { ...window, top, bottom, low, high }, -1);
  if (many > 0) {
    write(query, alignment, tail - many + 1, place - many + 1, many);
    bottom = tail - many + 1 + END_OVERLAP;
    high = place - many + 1 + END_OVERLAP;
  }
  for (let row = top; row < bottom; row += 1) {
    // what overlaps is aligned again, and must not be counted twice
    if (alignment.pages[row]! >= 0) {
      alignment.pages[row] = -1;
      alignment.gain -= query.gains[row]!;
    }
  }
  return { ...window, top, bottom, low, high };
}

/**
 * The best local alignment of the query in a window. Page tokens in `barred` match nothing. Runs of
 * equal tokens at both ends of the window are paired beforehand, so that the cost is the product
 * of what is left of query and page; where that gains too little, the ends belonged to some twin,
 * and all is aligned.
 */
export function align(index: PageIndex, query: Query, window: Window, barred: Stretch = [0, 0]): Alignment {
  const quick = nothing(query);
  let hoped = 0;
  for (let row = window.top; row < window.bottom; row += 1) hoped += query.gains[row]!;
  if (barred[0] >= barred[1] && window.votes * 10 >= hoped * PROMISING) {
    const rest = pairEnds(index, query, window, quick);
    const cut = rest.top !== window.top || rest.bottom !== window.bottom;
    if (cut || rest.low !== window.low || rest.high !== window.high) {
      alignRest(index, query, rest, barred, quick);
      if (quick.gain * 10 >= hoped * GOOD_ENOUGH) return quick;
    }
  }
  const full = nothing(query);
  alignRest(index, query, window, barred, full);
  return full.gain > quick.gain ? full : quick;
}

/**
 * The best alignment in which the whole quote stands at page token `begin`, where it must stand
 * word by word. Contexts are paired outwards as far as they are equal, and what is left of each is
 * aligned with the page on its own side.
 */
export function alignAt(index: PageIndex, query: Query, begin: number): Alignment {
  const alignment = nothing(query);
  const size = query.ids.length;
  const total = index.ids.length;
  const end = begin + query.last - query.first;
  write(query, alignment, query.first, begin, query.last - query.first);
  const whole = { top: 0, bottom: size, low: 0, high: total, votes: 0 };
  const before = runFrom(index, query, query.first - 1, begin - 1, -1, whole);
  const top = query.first - before;
  const low = begin - before;
  write(query, alignment, top, low, before);
  const left = { top: 0, bottom: top, low: Math.max(0, low - top - (top >> 2) - SIDE_SLACK), high: low, votes: 0 };
  alignRest(index, query, left, [0, 0], alignment);
  const after = runFrom(index, query, query.last, end, 1, whole);
  write(query, alignment, query.last, end, after);
  const bottom = query.last + after;
  const high = end + after;
  const reach = size - bottom + ((size - bottom) >> 2) + SIDE_SLACK;
  const right = { top: bottom, bottom: size, low: high, high: Math.min(total, high + reach), votes: 0 };
  alignRest(index, query, right, [0, 0], alignment);
  return alignment;
}

/** An alignment that pairs no token. */
export function nothing(query: Query): Alignment {
  const size = query.ids.length;
  return {
    pages: new Array<number>(size).fill(-1),
    partial: new Array<boolean>(size).fill(false),
    gain: 0,
  };
}

/** Adds the best local alignment in a window to what is paired already. */
export function alignRest(
  index: PageIndex,
  query: Query,
  window: Window,
  barred: Stretch,
  alignment: Alignment,
): void {
  const { top, low, high } = window;
  const rows = window.bottom - top;
  const width = high - low;
  if (rows <= 0 || width <= 0) return;
  const insideFrom = query.first - top;
  const insideTo = query.last - 1 - top;
  const stride = width + 1;
  const best = new Int32Array((rows + 1) * stride);
  const above = new Int32Array((rows + 1) * stride).fill(FLOOR, 0, stride);
  const left = new Int32Array(rows * width);
  // 0: begin, 1: pair, 2: query token unpaired, 3: page token unpaired
  const ways = new Uint8Array(rows * width);
  const pairs = new Int32Array(rows * width);
  const ids = index.ids.slice(low, high);
  const stems = index.stemIds.slice(low, high);
  for (let at = Math.max(low, barred[0]); at < Math.min(high, barred[1]); at += 1) {
    ids[at - low] = -3;
    stems[at - low] = -3;
  }
  const touch = index.glue.subarray(low, high);
  let gain = 0;
  let peakRow = 0;
  let peakColumn = 0;
  for (let row = 0; row < rows; row += 1) {
    const inside = row >= insideFrom && row < insideTo;
    const opening = inside ? GAP_OPEN_INSIDE : GAP_OPEN;
    const step = inside ? GAP_EXTEND_INSIDE : GAP_EXTEND;
    const wanted = query.ids[top + row]!;
    const wantedStem = query.stems[top + row]!;
    const full = query.gains[top + row]!;
    const glued = query.glued[top + row]!;
    const third = Math.floor(full / 3);
    const before = row * stride;
    const now = before + stride;
    let horizontal = -opening;
    for (let column = 0; column < width; column += 1) {
      const cell = row * width + column;
      const pair =
        wanted >= 0 && ids[column] === wanted
          ? // a full stop is not the point of a number: signs match well only if set alike
            glued < 0 || touch[column] === glued
            ? full
            : third
          : wantedStem >= 0 && stems[column] === wantedStem
            ? third
            : MISMATCH;
      pairs[cell] = pair;
      const diagonal = best[before + column]! + pair;
      const vertical = Math.max(
        above[before + column + 1]! - GAP_EXTEND,
        best[before + column + 1]! - GAP_OPEN,
      );
      above[now + column + 1] = vertical;
      const fresh = Math.max(diagonal, vertical, 0);
      left[cell] = horizontal;
      const here = Math.max(fresh, horizontal);
      best[now + column + 1] = here;
      ways[cell] = here === 0 ? 0 : here !== fresh ? 3 : here === diagonal ? 1 : 2;
      if (here > gain) {
        gain = here;
        peakRow = row;
        peakColumn = column;
      }
      horizontal = column === 0 ? fresh - opening : Math.max(horizontal - step, fresh - opening);
    }
  }
  alignment.gain += gain;
  let row = peakRow;
  let column = peakColumn;
  while (gain > 0 && row >= 0 && column >= 0) {
    const cell = row * width + column;
    const way = ways[cell];
    if (way === 0) break;
    if (way === 1) {
      if (pairs[cell]! > 0) {
        alignment.pages[top + row] = low + column;
        alignment.partial[top + row] = ids[column] !== query.ids[top + row];
      }
      row -= 1;
      column -= 1;
    } else if (way === 2) {
      while (above[(row + 1) * stride + column + 1] !== best[row * stride + column + 1]! - GAP_OPEN) row -= 1;
      row -= 1;
    } else {
      const opening = row >= insideFrom && row < insideTo ? GAP_OPEN_INSIDE : GAP_OPEN;
      while (left[row * width + column] !== best[(row + 1) * stride + column]! - opening) column -= 1;
      column -= 1;
    }
  }
}
