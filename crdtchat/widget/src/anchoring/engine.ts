/** The search for a passage, from the cheap sure ways to the thorough one. */
import { type Alignment, align } from "./alignment";
import { findWindows, nearestPositions, type Window } from "./candidates";
import { sameWords } from "./characters";
import { cpLength } from "./cp-text";
import { type Candidate, compare, holeWorth, weigh, witness } from "./evidence";
import { chooseModel, isAmbiguous, probability } from "./model";
import type { PageDiff } from "./page-diff";
import { bisectLeft, type PageIndex } from "./page-index";
import { makeQuery, type Query } from "./query";
import type { Anchored, Anchoring } from "./results";
import type { Selectors } from "./selectors";
import { findSpan, type Span, wholeGraphemes } from "./spans";

/** A passage of at least this many characters that stands where it stood is taken at its word. */
const SURE_CP = 32;
/** Context taken from the old page, where there is one. */
const WIDE_CP = 256;
/** Literal places of the quote that are looked at beside the voted ones. */
const LITERAL_PLACES = 3;
/** The weightiest places are judged; others have no chance. */
const JUDGED = 3;

/** Finds the passage in the indexed text; `given` compares the old page with this text. */
export function anchorIn(index: PageIndex, selectors: Selectors, given: PageDiff | null): Anchoring {
  const passage = selectors.prefix + selectors.exact + selectors.suffix;
  const diff = given !== null && stands(given.old, selectors, passage) ? given : null;
  const { text } = index;
  if (diff !== null ? diff.old.text.text === text.text : isSure(index, selectors, passage)) {
    return { state: "exact", startCp: selectors.startCp, endCp: selectors.endCp, score: 1 };
  }
  const length = cpLength(passage);
  if (length >= 2 * SURE_CP || (diff !== null && length >= SURE_CP)) {
    const found = text.onlyPlace(passage);
    if (found >= 0 && (diff === null || diff.old.text.onlyPlace(passage) >= 0)) {
      const start = found + cpLength(selectors.prefix);
      return anchored(index, selectors, start, start + cpLength(selectors.exact), 1);
    }
  }
  const model = chooseModel(cpLength(selectors.prefix) + cpLength(selectors.suffix), diff !== null);
  let best: Candidate | null = null;
  let score = -1;
  for (const candidate of findCandidates(index, selectors, diff)) {
    const certainty = probability(model, candidate.features);
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
  if (score >= model.anchorFrom && !ambiguous) return anchored(index, selectors, startCp, endCp, score);
  const place = { startCp, endCp, score };
  if (score >= model.suggestFrom) return { state: "unsure", suggestion: place };
  return { state: "orphaned", reason: ambiguous ? "ambiguous" : "doubtful", nearest: place };
}

function isSure(index: PageIndex, selectors: Selectors, passage: string): boolean {
  if (!stands(index, selectors, passage)) return false;
  const length = cpLength(passage);
  return length >= SURE_CP || length === index.text.length;
}

function stands(page: PageIndex, selectors: Selectors, passage: string): boolean {
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
  return { state: startCp === selectors.startCp ? "exact" : "moved", startCp, endCp, score };
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
  hints.push(...literalPlaces(index, query, expected));
  const candidates: Candidate[] = [];
  let hole = 0;
  for (const window of findWindows(index, query, expected, hints)) {
    hole = Math.max(hole, consider(index, query, align(index, query, window), candidates));
    const latest = candidates.at(-1);
    if (latest !== undefined && repeats(index, query, latest.span, window)) {
      const again = align(index, query, window, [latest.span.low, latest.span.high]);
      consider(index, query, again, candidates);
    }
  }
  compare(candidates, hole, expected + query.first, index.ids.length);
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

/** Where the quote stands word by word, nearest to the expected place first. */
function literalPlaces(index: PageIndex, query: Query, expected: number): number[] {
  const wanted = query.ids.slice(query.first, query.last);
  const rarest = rarestOf(index, query);
  if (rarest === null || wanted.some((number) => number < 0)) return [];
  const [rare, number] = rarest;
  const home = expected + query.first;
  const found: number[] = [];
  for (const position of nearestPositions(index.postings(number), expected + rare, 64)) {
    const begin = position - (rare - query.first);
    if (begin >= 0 && wanted.every((id, at) => index.ids[begin + at] === id)) found.push(begin);
  }
  found.sort((one, two) => Math.abs(one - home) - Math.abs(two - home) || one - two);
  return found.slice(0, LITERAL_PLACES).map((begin) => begin - query.first);
}

/** Adds the place to the candidates; if it lacks the quote, tells what its contexts are worth. */
function consider(index: PageIndex, query: Query, alignment: Alignment, candidates: Candidate[]): number {
  if (alignment.gain <= 0) return 0;
  const span = findSpan(index, query, alignment);
  if (span === null) return holeWorth(query, alignment);
  const candidate = weigh(index, query, alignment, span);
  for (let number = 0; number < candidates.length; number += 1) {
    const other = candidates[number]!;
    if (span.low < other.span.high && other.span.low < span.high) {
      if (candidate.worth > other.worth) candidates[number] = candidate;
      return 0;
    }
  }
  candidates.push(candidate);
  return 0;
}

/** Whether the quote's rarest word occurs in the window outside the span found. */
function repeats(index: PageIndex, query: Query, span: Span, window: Window): boolean {
  const rarest = rarestOf(index, query);
  if (rarest === null) return false;
  const positions = index.postings(rarest[1]);
  for (let at = bisectLeft(positions, window[0]); at < positions.length; at += 1) {
    const position = positions[at]!;
    if (position >= window[1]) return false;
    if (position < span.low || position >= span.high) return true;
  }
  return false;
}
