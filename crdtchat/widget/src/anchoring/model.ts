/**
 * From features to a certainty: a logistic regression and boosted small trees, summed. The weights
 * are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run in a fixed
 * order and comparisons are on the same doubles, so both twins decide alike.
 */
import { WEIGHTS } from "./model-weights";

/** From which certainty a place with the same words is attached, and one with changed words. */
interface Certainty {
  readonly sameFrom: number;
  readonly changedFrom: number;
}

/**
 * Chosen by cross-validation over projects, well below the wrong answers that are allowed: with
 * little context the places of a passage are told apart worst, with the old page best.
 */
const PLAIN: Certainty = { sameFrom: 0.7, changedFrom: 0.45 };
const SHORT: Certainty = { sameFrom: 0.75, changedFrom: 0.7 };
const PREVIOUS: Certainty = { sameFrom: 0.7, changedFrom: 0.6 };
/**
 * Where next to nothing of the context is left (the share of `context_bits` below which that is so),
 * other words must be surer: phrases that many pages have differ little.
 */
const BARELY = 0.25;
const BARELY_FROM = 0.75;
/** From here on a place is shown to a person at least. */
export const SUGGEST_FROM = 0.04;
/** Selectors with less context than this, in code points, are those of imports. */
const SHORT_CONTEXT_CP = 100;

/** Bias, linear weights, and trees of depth 3: seven features, seven thresholds, eight leaves. */
const [[bias], linear, ...trees] = WEIGHTS.trim()
  .split("\n")
  .map((line) => line.split(" ").map(Number)) as [[number], number[], ...number[][]];

/**
 * From which certainty on a place is attached. `contextCp` is the context of the selectors,
 * `previous` whether the old page is known.
 */
export function wantedCertainty(features: readonly number[], contextCp: number, previous: boolean): number {
  const plain = contextCp < SHORT_CONTEXT_CP ? SHORT : PLAIN;
  const wanted = previous ? PREVIOUS : plain;
  if (features[1]! > 0) return wanted.sameFrom;
  return Math.max(wanted.changedFrom, features[10]! < BARELY ? BARELY_FROM : 0);
}

/** How sure it is that a place with these features is the one meant, from 0 to 1. */
export function probability(features: readonly number[]): number {
  let total = bias;
  for (let at = 0; at < features.length; at += 1) total += linear[at]! * features[at]!;
  for (const tree of trees) {
    let node = 0;
    while (node < 7) node = 2 * node + (features[tree[node]!]! <= tree[7 + node]! ? 1 : 2);
    total += tree[7 + node]!;
  }
  return 1 / (1 + Math.exp(-Math.max(-60, Math.min(60, total))));
}

/**
 * Whether what speaks for the place speaks as well for another. Another place is as good, and
 * neither position nor the old page tells them apart; or the neighbours stand together elsewhere
 * without the quote, and a short quote stands here without them: it was moved, or removed and has
 * a twin. Or other words stand here, their neighbours are whole on neither side, and another place
 * is nearly as good: rows of a table differ little, and one of another page is as like the quote's
 * as the next.
 */
export function isAmbiguous(features: readonly number[]): boolean {
  if (!features[1] && Math.max(features[3]!, features[4]!) < 1 && features[13]! >= 0.85) return true;
  if (features[17]! >= 0.5) return false;
  const tie = features[29]! <= 0.05 && features[14]! < 0.8;
  const alone = Math.max(features[3]!, features[4]!, features[9]!) < 0.5 && features[15]! >= 0.8;
  return tie || alone;
}
