/**
 * From features to a certainty: a logistic regression and boosted small trees, summed. The weights
 * are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run in a fixed
 * order and comparisons are on the same doubles, so both twins decide alike.
 */
import { PLAIN, PREVIOUS, SHORT } from "./model-weights";

/** Trees of depth 3: seven features, seven thresholds, eight leaves. */
export type Tree = readonly [readonly number[], readonly number[], readonly number[]];

/** Weights for one kind of question, and the certainties from which it attaches or suggests. */
export interface Model {
  readonly bias: number;
  readonly linear: readonly number[];
  readonly trees: readonly Tree[];
  readonly anchorFrom: number;
  readonly suggestFrom: number;
}

/** A model from its compact form: see `model-weights.ts`. */
function read(written: string): Model {
  const rows = written.split("\n").map((line) => line.split(" ").map(Number));
  const [head, linear, ...trees] = rows as [number[], number[], ...number[][]];
  return {
    bias: head[0]!,
    anchorFrom: head[1]!,
    suggestFrom: head[2]!,
    linear,
    trees: trees.map((tree) => [tree.slice(0, 7), tree.slice(7, 14), tree.slice(14)]),
  };
}

const plain = read(PLAIN);
const short = read(SHORT);
const previousPage = read(PREVIOUS);

/** Selectors with less context than this, in code points, are judged by the model for imports. */
const SHORT_CONTEXT_CP = 100;

/** The model for selectors with so much context, with or without the old page. */
export function chooseModel(contextCp: number, previous: boolean): Model {
  if (previous) return previousPage;
  return contextCp < SHORT_CONTEXT_CP ? short : plain;
}

/** How sure it is that a place with these features is the one meant, from 0 to 1. */
export function probability(model: Model, features: readonly number[]): number {
  let total = model.bias;
  for (let at = 0; at < features.length; at += 1) total += model.linear[at]! * features[at]!;
  for (const [tests, thresholds, leaves] of model.trees) {
    let node = 0;
    while (node < 7) node = 2 * node + (features[tests[node]!]! <= thresholds[node]! ? 1 : 2);
    total += leaves[node - 7]!;
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
