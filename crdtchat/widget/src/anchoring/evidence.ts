/** What speaks for and against a place, as numbers from 0 to 1. */
import type { Alignment } from "./alignment";
import { likeness } from "./likeness";
import type { PageDiff } from "./page-diff";
import type { PageIndex } from "./page-index";
import { NEAR_TOKENS, type Query } from "./query";
import type { Span } from "./spans";

/** Names of the features, in the order of the model's weights. */
export const FEATURES = [
  "likeness",
  "literal",
  "quote_kept",
  "near_left",
  "near_right",
  "kept_left",
  "kept_right",
  "touch_left",
  "touch_right",
  "quote_bits",
  "context_bits",
  "quote_size",
  "grown",
  "rival",
  "rival_farther",
  "hole",
  "displacement",
  "carried",
  "carried_near",
  "foreign",
  "lost",
  "dice",
  "first_kept",
  "last_kept",
  "run",
  "words_kept",
  "run_bits",
  "rival_kind",
  "context_size",
  "lead",
  "alone",
] as const;
/** Those that only the old page tells, `UNKNOWN` without it. */
const OLD_PAGE = ["carried", "carried_near", "foreign", "lost"] as const;
const UNKNOWN = -1;

/** A place with its alignment and the features that need no other place. */
export interface Candidate {
  span: Span;
  features: number[];
  /** What the place is worth against others: gain of quote and contexts. */
  worth: number;
  startToken: number;
}

function share(part: number, whole: number): number {
  return whole !== 0 ? part / whole : 0;
}

/**
 * Kept and possible worth of the neighbourhood on one side, and whether the quote touches it. A
 * neighbour counts by nearness and only if it stands about as far from the quote as it did.
 */
function near(query: Query, alignment: Alignment, left: boolean, edge: number): [number, number, number] {
  let kept = 0;
  let possible = 0;
  let touch = 0;
  const { pages, partial } = alignment;
  for (let step = 0; step < NEAR_TOKENS; step += 1) {
    const at = left ? query.first - 1 - step : query.last + step;
    if (at < 0 || at >= pages.length) break;
    const worth = query.weights[at]! * (NEAR_TOKENS - step);
    possible += worth;
    const page = pages[at]!;
    if (page < 0) continue;
    const away = left ? edge - 1 - page : page - edge;
    const drift = Math.abs(away - step);
    if (drift <= 2 + step) kept += partial[at]! || drift > 2 ? worth >> 1 : worth;
    if (step === 0 && drift === 0) touch = 1;
  }
  return [kept, possible, touch];
}

function keptOf(query: Query, alignment: Alignment, begin: number, end: number): [number, number] {
  let kept = 0;
  let total = 0;
  for (let at = begin; at < end; at += 1) {
    const weight = query.weights[at]!;
    total += weight;
    if (alignment.pages[at]! >= 0) kept += alignment.partial[at]! ? weight >> 1 : weight;
  }
  return [kept, total];
}

/** How near to an end of the quote its first paired token is, 1 at the end itself. */
function endKept(query: Query, alignment: Alignment, at: number, step: number): number {
  for (let away = 0; away < 3; away += 1) {
    const place = at + step * away;
    if (place < query.first || place >= query.last) break;
    if (alignment.pages[place]! >= 0) return [1, 0.5, 0.25][away]! * (alignment.partial[place]! ? 0.5 : 1);
  }
  return 0;
}

/** The heaviest stretch of the quote that stands unbroken on the page. */
function longestRun(query: Query, alignment: Alignment): number {
  let best = 0;
  let here = 0;
  let before = -2;
  for (let at = query.first; at < query.last; at += 1) {
    const page = alignment.pages[at]!;
    if (page < 0 || alignment.partial[at]!) here = 0;
    else if (page === before + 1) here += query.weights[at]!;
    else here = query.weights[at]!;
    before = page;
    best = Math.max(best, here);
  }
  return best;
}

/** The features of one place; those about rivals and the old page are filled in later. */
export function weigh(index: PageIndex, query: Query, alignment: Alignment, span: Span): Candidate {
  const { first, last } = query;
  const [quoteKept, quoteTotal] = keptOf(query, alignment, first, last);
  const [leftKept, leftTotal] = keptOf(query, alignment, 0, first);
  const [rightKept, rightTotal] = keptOf(query, alignment, last, query.ids.length);
  const nearLeft = near(query, alignment, true, span.low);
  const nearRight = near(query, alignment, false, span.high);
  const old = query.tokens.folds.slice(first, last).join("");
  const fresh = index.tokens.folds.slice(span.low, span.high).join("");
  const quoteShare = share(quoteKept, quoteTotal);
  let paired = 0;
  for (let at = first; at < last; at += 1) if (alignment.pages[at]! >= 0) paired += 1;
  const width = span.high - span.low;
  const features = new Array<number>(FEATURES.length).fill(0);
  features[0] = likeness(old, fresh) ?? quoteShare;
  features[1] = old === fresh ? 1 : 0;
  features[2] = quoteShare;
  features[3] = share(nearLeft[0], nearLeft[1]);
  features[4] = share(nearRight[0], nearRight[1]);
  features[5] = share(leftKept, leftTotal);
  features[6] = share(rightKept, rightTotal);
  features[7] = nearLeft[2];
  features[8] = nearRight[2];
  features[9] = Math.min(1, quoteKept / 160);
  features[10] = Math.min(1, (leftKept + rightKept) / 320);
  features[11] = Math.min(1, quoteTotal / 160);
  features[12] = share(width - paired, width);
  let pageTotal = 0;
  for (let at = span.low; at < span.high; at += 1) pageTotal += index.weightAt(at);
  for (const name of OLD_PAGE) features[FEATURES.indexOf(name)] = UNKNOWN;
  features[21] = share(2 * quoteKept, quoteTotal + pageTotal);
  features[22] = endKept(query, alignment, first, 1);
  features[23] = endKept(query, alignment, last - 1, -1);
  const run = longestRun(query, alignment);
  features[24] = share(run, quoteTotal);
  features[25] = share(paired, last - first);
  features[26] = Math.min(1, run / 160);
  features[28] = Math.min(1, (leftTotal + rightTotal) / 640);
  const worth = 3 * quoteKept + leftKept + rightKept + ((nearLeft[0] + nearRight[0]) >> 3);
  return { span, features, worth, startToken: span.low };
}

/** What a place is worth where the contexts stand but the quote does not. */
export function holeWorth(query: Query, alignment: Alignment): number {
  const [leftKept] = keptOf(query, alignment, 0, query.first);
  const [rightKept] = keptOf(query, alignment, query.last, query.ids.length);
  return leftKept + rightKept;
}

/** Fills in what can be said of each place only in sight of the others. */
export function compare(
  candidates: Candidate[],
  hole: number,
  literal: number,
  expected: number,
  size: number,
): void {
  for (const candidate of candidates) {
    let rival: Candidate | null = null;
    for (const other of candidates) {
      if (other !== candidate && (rival === null || other.worth > rival.worth)) rival = other;
    }
    const { features } = candidate;
    const away = Math.abs(candidate.startToken - expected);
    features[14] = 1;
    features[29] = 1;
    if (rival !== null) {
      features[27] = rival.features[0]!;
      features[13] = Math.min(1.5, rival.worth / Math.max(1, candidate.worth));
      features[29] = Math.max(-1, Math.min(1, (candidate.worth - rival.worth) / 120));
      const otherAway = Math.abs(rival.startToken - expected);
      if (features[13] > 0.7) features[14] = share(otherAway, away + otherAway);
    }
    features[15] = Math.min(1.5, hole / Math.max(1, candidate.worth));
    features[16] = away / Math.max(1, size);
    features[30] = share(1, literal);
  }
}

/**
 * Fills in what the comparison of the old page with the new one says about a place; `oldFirst` is
 * the old page's token for the query's first one.
 */
export function witness(diff: PageDiff, query: Query, candidate: Candidate, oldFirst: number): void {
  const { low, high } = candidate.span;
  const { toNew, toOld } = diff;
  let inside = 0;
  let gone = 0;
  let total = 0;
  for (let at = query.first; at < query.last; at += 1) {
    const weight = query.weights[at]!;
    total += weight;
    const place = toNew[oldFirst + at]!;
    if (low <= place && place < high) inside += weight;
    else if (place < 0) gone += weight;
  }
  let close = 0;
  let closeTotal = 0;
  const begin = Math.max(0, query.first - 12);
  const end = Math.min(query.ids.length, query.last + 12);
  for (let at = begin; at < end; at += 1) {
    if (at >= query.first && at < query.last) continue;
    const weight = query.weights[at]!;
    closeTotal += weight;
    const place = toNew[oldFirst + at]!;
    if (place >= 0 && low - 24 <= place && place < high + 24) close += weight;
  }
  const ownLow = oldFirst + query.first;
  const ownHigh = oldFirst + query.last;
  let taken = 0;
  for (let place = low; place < high; place += 1) {
    const source = toOld[place]!;
    if (source >= 0 && !(ownLow <= source && source < ownHigh)) taken += 1;
  }
  const { features } = candidate;
  features[17] = share(inside, total);
  features[18] = share(close, closeTotal);
  features[19] = share(taken, high - low);
  features[20] = share(gone, total);
}
