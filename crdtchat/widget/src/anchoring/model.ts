/**
 * From features to a certainty: a logistic regression and boosted small trees, summed. The weights
 * are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run in a fixed
 * order and comparisons are on the same doubles, so both twins decide alike.
 */
import { WEIGHTS } from "./model-weights";

/** From which certainty a place with the same words is attached, and one with changed words. */
export interface Certainty {
  readonly sameFrom: number;
  readonly changedFrom: number;
}

/**
 * Chosen by cross-validation over projects, well below the wrong answers that are allowed: with
 * little context the places of a passage are told apart worst, with the old page best.
 */
const PLAIN: Certainty = { sameFrom: 0.6, changedFrom: 0.6 };
const SHORT: Certainty = { sameFrom: 0.75, changedFrom: 0.85 };
const PREVIOUS: Certainty = { sameFrom: 0.75, changedFrom: 0.8 };
/** From here on a place is shown to a person at least. */
export const SUGGEST_FROM = 0.04;
/** Selectors with less context than this, in code points, are those of imports. */
const SHORT_CONTEXT_CP = 100;

/** Bias, linear weights, and trees of depth 3: seven features, seven thresholds, eight leaves. */
const [[bias], linear, ...trees] = WEIGHTS.trim()
  .split("\n")
  .map((line) => line.split(" ").map(Number)) as [[number], number[], ...number[][]];

/** What is asked of a place for selectors with so much context, with or without the old page. */
export function wantedCertainty(contextCp: number, previous: boolean): Certainty {
  if (previous) return PREVIOUS;
  return contextCp < SHORT_CONTEXT_CP ? SHORT : PLAIN;
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
 * a twin.
 */
export function isAmbiguous(features: readonly number[]): boolean {
  if (features[17]! >= 0.5) return false;
  const tie = features[29]! <= 0.05 && features[14]! < 0.8;
  const alone = Math.max(features[3]!, features[4]!, features[9]!) < 0.5 && features[15]! >= 0.8;
  return tie || alone;
}
