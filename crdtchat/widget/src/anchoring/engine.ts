/** The search for a passage, from the cheap sure ways to the thorough one. */
import { type Alignment, align, alignAt, type Stretch } from "./alignment";
import { findWindows, nearestPositions, type Window } from "./candidates";
import { carriedAlignment, carry, DISTINCT_BITS, findOnce } from "./carrying";
import { sameWords } from "./characters";
import { CpText, cpLength } from "./cp-text";
import { type Candidate, compare, holeWorth, weigh, witness } from "./evidence";
import { extend } from "./extension";
import { isAmbiguous, probability, SUGGEST_FROM, wantedCertainty } from "./model";
import type { PageDiff } from "./page-diff";
import { bisectLeft, type PageIndex } from "./page-index";
import { makeQuery, type Query } from "./query";
import type { Anchored, Anchoring } from "./results";
import type { Selectors } from "./selectors";
import { findSpan, wholeGraphemes } from "./spans";

/** A passage of at least this many characters that stands where it stood is taken at its word. */
const SURE_CP = 32;
/** Nearer context that also suffices on both sides if the quote with it stands in one place only. */
const CLOSE_CP = 64;
/** Context taken from the old page, where there is one. */
const WIDE_CP = 128;
/**
 * Places where the quote stands literally that are looked at: near each voted place, or, without
 * one, near the expected place; and among how many they are sought.
 */
const LITERAL_PLACES = 3;
const MOST_LITERAL = 64;
/**
 * Where a place has so many tenths of what the passage can gain, only places with so many tenths of
 * the most votes can rival it.
 */
const NEARLY_ALL = 7;
const RIVALS = 6;
/**
 * A window is explained by a literal place in it that gains so many tenths of what it can gain, if so
 * many of the quote's neighbours on each side still stand there one beside the other: else the quote
 * may stand there by chance, and what became of it beside.
 */
const EXPLAINED = 6;
const TOUCHING = 4;
/**
 * Quotes of more bits are not looked for again beside the place found; and where one stands
 * literally in one place only, it does not by chance.
 */
const UNREPEATED = 120;
/** The weightiest places are judged; others have no chance. */
const JUDGED = 3;

/** Finds the passage in the indexed text; `given` compares the old page with this text. */
export function anchorIn(index: PageIndex, selectors: Selectors, given: PageDiff | null): Anchoring {
  const diff = given !== null && stands(given.old, selectors) ? given : null;
  const { text } = index;
  const sure = findSure(index, selectors, diff);
  if (sure !== null) return anchored(index, selectors, sure[0], sure[1], 1);
  let best: Candidate | null = null;
  let score = -1;
  for (const candidate of findCandidates(index, selectors, diff)) {
    const certainty = probability(candidate.features);
    if (certainty > score) {
      best = candidate;
      score = certainty;
    }
  }
  if (best === null) return { state: "orphaned", reason: "gone", nearest: null };
  let { startCp, endCp } = best.span;
  if (text.slice(startCp, endCp) !== selectors.exact) {
    [startCp, endCp] = wholeGraphemes(text, startCp, endCp);
  }
  const ambiguous = isAmbiguous(best.features);
  const contextCp = cpLength(selectors.prefix) + cpLength(selectors.suffix);
  const least = wantedCertainty(best.features, contextCp, diff !== null);
  if (score >= least && !ambiguous) return anchored(index, selectors, startCp, endCp, score);
  const place = { startCp, endCp, score };
  if (score >= SUGGEST_FROM) return { state: "unsure", suggestion: place };
  return { state: "orphaned", reason: ambiguous ? "ambiguous" : "doubtful", nearest: place };
}

/** The range, where it needs no weighing: nothing changed, or all of it stands in one place. */
function findSure(
  index: PageIndex,
  selectors: Selectors,
  diff: PageDiff | null,
): [startCp: number, endCp: number] | null {
  const { text } = index;
  const { exact } = selectors;
  const exactCp = cpLength(exact);
  const prefixCp = cpLength(selectors.prefix);
  const suffixCp = cpLength(selectors.suffix);
  const size = prefixCp + exactCp + suffixCp;
  const unchanged =
    diff !== null
      ? diff.old.text.text === text.text
      : (size >= SURE_CP || size === text.length) && stands(index, selectors);
  if (unchanged) return [selectors.startCp, selectors.endCp];
  if (size >= 2 * SURE_CP || (diff !== null && size >= SURE_CP)) {
    const whole = onlyPlace(text, diff, selectors.prefix + exact + selectors.suffix);
    if (whole >= 0) return [whole + prefixCp, whole + prefixCp + exactCp];
    if (Math.min(prefixCp, suffixCp) >= CLOSE_CP && Math.max(prefixCp, suffixCp) > CLOSE_CP) {
      const before = new CpText(selectors.prefix).slice(prefixCp - CLOSE_CP, prefixCp);
      const after = new CpText(selectors.suffix).slice(0, CLOSE_CP);
      const close = onlyPlace(text, diff, before + exact + after);
      if (close >= 0) return [close + CLOSE_CP, close + CLOSE_CP + exactCp];
    }
  }
  if (diff !== null) return carry(diff, selectors) ?? findOnce(diff, selectors);
  return prefixCp + suffixCp > 0 ? null : findBare(index, selectors);
}

/** The range of a quote that came without context, if it is distinct and stands once. */
function findBare(index: PageIndex, selectors: Selectors): [startCp: number, endCp: number] | null {
  const [query] = prepare(index, selectors, null);
  const rarest = rarestOf(index, query);
  const bits = query.weights.reduce((sum, weight) => sum + weight, 0);
  if (rarest === null || bits < DISTINCT_BITS) return null;
  const places = literalPlaces(index, query, 0);
  if (places.length !== 1 || index.postings(rarest[1]).length > MOST_LITERAL) return null;
  const span = findSpan(index, query, alignAt(index, query, places[0]!));
  return span === null ? null : [span.startCp, span.endCp];
}

/** Where the passage stands if it stands there once, on the old page too, else -1. */
function onlyPlace(text: CpText, diff: PageDiff | null, passage: string): number {
  const found = text.onlyPlace(passage);
  return found >= 0 && (diff === null || diff.old.text.onlyPlace(passage) >= 0) ? found : -1;
}

/** Whether the passage stands in a text at its offsets. */
export function stands(page: PageIndex, selectors: Selectors): boolean {
  const passage = selectors.prefix + selectors.exact + selectors.suffix;
  return page.text.startsWith(passage, selectors.startCp - cpLength(selectors.prefix));
}

function anchored(
  index: PageIndex,
  selectors: Selectors,
  startCp: number,
  endCp: number,
  score: number,
): Anchored {
  const found = index.text.slice(startCp, endCp);
  if (found !== selectors.exact && !sameWords(found, selectors.exact)) {
    return { state: "changed", startCp, endCp, score };
  }
  // without context and at the text's begin, it was not told where it stood
  const placeless = selectors.prefix === "" && selectors.suffix === "" && selectors.startCp === 0;
  return { state: placeless || startCp === selectors.startCp ? "exact" : "moved", startCp, endCp, score };
}

/** The places worth judging, weightiest first; thorough and blind to order. */
function findCandidates(index: PageIndex, selectors: Selectors, diff: PageDiff | null): Candidate[] {
  const [query, oldFirst] = prepare(index, selectors, diff);
  if (query.first >= query.last || index.ids.length === 0) return [];
  let expected = index.tokenAt(Math.max(0, query.originCp));
  const hints: number[] = [];
  if (diff !== null) {
    hints.push(...carriedPlaces(diff, query, oldFirst));
    expected = hints[0] ?? expected;
  }
  const literal = literalPlaces(index, query, expected + query.first);
  const candidates: Candidate[] = [];
  const gains = new Map<number, readonly [gain: number, whole: boolean]>();
  // weighs a place where the quote stands literally; the gain, and if all touches there
  const seed = (begin: number): readonly [gain: number, whole: boolean] => {
    const known = gains.get(begin);
    if (known !== undefined) return known;
    const alignment = alignAt(index, query, begin);
    const seen = [alignment.gain, touches(query, alignment)] as const;
    gains.set(begin, seen);
    const span = findSpan(index, query, alignment);
    if (span !== null) addPlace(weigh(index, query, alignment, span), candidates);
    return seen;
  };
  let hole = 0;
  let bestGain = 0;
  const carried = diff === null ? null : carriedAlignment(diff, query, oldFirst);
  if (carried !== null) {
    bestGain = carried.gain;
    const span = findSpan(index, query, carried);
    if (span !== null) addPlace(weigh(index, query, carried, span), candidates);
  }
  let bits = 0;
  for (let at = query.first; at < query.last; at += 1) bits += query.weights[at]!;
  const distinct = bits > UNREPEATED;
  const alone = distinct && literal.length === 1;
  const windows = findWindows(index, query, expected, hints);
  const most = windows.reduce((sum, window) => Math.max(sum, window.votes), 0);
  const enough = Math.floor((query.gains.reduce((sum, gain) => sum + gain, 0) * NEARLY_ALL) / 10);
  windows.sort((one, two) => two.votes - one.votes);
  for (const window of windows) {
    const settled = bestGain >= enough || (alone && gains.size > 0);
    if (settled && window.votes * 10 < most * RIVALS) continue;
    const likely = window.low + query.first - window.top;
    const near = literal.filter((begin) => window.low <= begin && begin < window.high);
    near.sort((one, two) => Math.abs(one - likely) - Math.abs(two - likely) || one - two);
    let hoped = 0;
    for (let row = window.top; row < window.bottom; row += 1) hoped += query.gains[row]!;
    let explained = false;
    for (const begin of near.slice(0, LITERAL_PLACES)) {
      const [gain, whole] = seed(begin);
      bestGain = Math.max(bestGain, gain);
      explained ||= alone || (whole && gain * 10 >= hoped * EXPLAINED);
    }
    if (explained) continue;
    const alignment = align(index, query, window);
    extend(index, query, alignment);
    bestGain = Math.max(bestGain, alignment.gain);
    if (alignment.gain <= 0) continue;
    const span = findSpan(index, query, alignment);
    let stretch: Stretch;
    if (span === null) {
      hole = Math.max(hole, holeWorth(query, alignment));
      const paired = alignment.pages.filter((page) => page >= 0);
      stretch = [paired[0]!, paired[paired.length - 1]! + 1];
    } else {
      addPlace(weigh(index, query, alignment, span), candidates);
      stretch = [span.low, span.high];
    }
    const unlikely = span !== null && distinct;
    if (literal.length === 0 && !unlikely && occurs(index, query, stretch, window)) {
      const again = align(index, query, window, stretch);
      extend(index, query, again, stretch);
      const other = findSpan(index, query, again);
      if (other !== null) addPlace(weigh(index, query, again, other), candidates);
    }
  }
  for (const begin of literal.slice(0, candidates.length > 0 ? 1 : LITERAL_PLACES)) seed(begin);
  compare(candidates, hole, literal.length, expected + query.first, index.ids.length);
  if (diff !== null) for (const candidate of candidates) witness(diff, query, candidate, oldFirst);
  candidates.sort((one, two) => two.worth - one.worth || one.startToken - two.startToken);
  return candidates.slice(0, JUDGED);
}

function prepare(index: PageIndex, selectors: Selectors, diff: PageDiff | null): [Query, number] {
  if (diff === null) {
    const passage = selectors.prefix + selectors.exact + selectors.suffix;
    const origin = selectors.startCp - cpLength(selectors.prefix);
    return [makeQuery(index, selectors, passage, origin, false), 0];
  }
  const { starts, ends } = diff.old.tokens;
  const low = bisectLeft(starts, selectors.startCp - WIDE_CP);
  const high = bisectLeft(starts, selectors.endCp + WIDE_CP);
  if (low >= starts.length || high <= low) return [makeQuery(index, selectors, "", 0, true), 0];
  const begin = Math.min(starts[low]!, selectors.startCp);
  const end = Math.max(ends[high - 1]!, selectors.endCp);
  return [makeQuery(index, selectors, diff.old.text.slice(begin, end), begin, true), low];
}

/** Where the comparison of pages puts the passage: by the quote, else by its neighbours. */
function carriedPlaces(diff: PageDiff, query: Query, oldFirst: number): number[] {
  const places: number[] = [];
  const look = (from: number, to: number, step: number): void => {
    for (let at = from; at !== to; at += step) {
      const place = diff.toNew[oldFirst + at]!;
      if (place >= 0) {
        places.push(place - at);
        return;
      }
    }
  };
  look(query.first, query.last, 1);
  if (places.length > 0) return places;
  look(query.first - 1, Math.min(query.first - 1, Math.max(-1, query.first - 20)), -1);
  look(query.last, Math.max(query.last, Math.min(query.ids.length, query.last + 20)), 1);
  return places;
}

/** The place in the quote and the number of its rarest word of the page. */
function rarestOf(index: PageIndex, query: Query): [at: number, number: number] | null {
  let rarest: [number, number] | null = null;
  let fewest = 0;
  for (let at = query.first; at < query.last; at += 1) {
    const number = query.ids[at]!;
    if (number < 0) continue;
    const many = index.postings(number).length;
    if (rarest === null || many < fewest || (many === fewest && number < rarest[1])) {
      rarest = [at, number];
      fewest = many;
    }
  }
  return rarest;
}

/** Page tokens where the quote stands word by word, nearest to the expected place first. */
function literalPlaces(index: PageIndex, query: Query, home: number): number[] {
  const wanted = query.ids.slice(query.first, query.last);
  const rarest = rarestOf(index, query);
  if (rarest === null || wanted.some((number) => number < 0)) return [];
  const rare = rarest[0] - query.first;
  const found: number[] = [];
  for (const position of nearestPositions(index.postings(rarest[1]), home + rare, MOST_LITERAL)) {
    const begin = position - rare;
    if (begin >= 0 && wanted.every((id, at) => index.ids[begin + at] === id)) found.push(begin);
  }
  return found.sort((one, two) => Math.abs(one - home) - Math.abs(two - home) || one - two);
}

/** Whether the nearest tokens before and after the quote still stand right beside it. */
function touches(query: Query, alignment: Alignment): boolean {
  const { pages } = alignment;
  const { first, last } = query;
  const high = Math.min(pages.length, last + TOUCHING);
  for (let at = Math.max(0, first - TOUCHING); at < high; at += 1) {
    if (pages[at] !== pages[first]! + at - first) return false;
  }
  return true;
}

/** Adds a place, or replaces a lesser one that it overlaps. */
function addPlace(candidate: Candidate, candidates: Candidate[]): void {
  const { span } = candidate;
  for (let number = 0; number < candidates.length; number += 1) {
    const other = candidates[number]!;
    if (span.low < other.span.high && other.span.low < span.high) {
      if (candidate.worth > other.worth) candidates[number] = candidate;
      return;
    }
  }
  candidates.push(candidate);
}

/** Whether the quote's rarest word occurs in the window outside a stretch of page tokens. */
function occurs(index: PageIndex, query: Query, stretch: Stretch, window: Window): boolean {
  const rarest = rarestOf(index, query);
  if (rarest === null) return false;
  const positions = index.postings(rarest[1]);
  for (let at = bisectLeft(positions, window.low); at < positions.length; at += 1) {
    const position = positions[at]!;
    if (position >= window.high) return false;
    if (position < stretch[0] || position >= stretch[1]) return true;
  }
  return false;
}
