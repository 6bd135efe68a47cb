/** Which tokens of the old page stand where on the new one: anchors that are unique, then moves. */
import { bisectLeft, type PageIndex } from "./page-index";

const SMALL_AREA = 1600;
const MOVE_GRAM = 3;
/** Tokens looked at between two pauses. */
const STEP = 20_000;

type Pair = readonly [old: number, fresh: number];

/**
 * A matching of an old page's tokens with those of a new one. Patience diff: tokens that occur
 * once on both sides are matched in the longest increasing order, and so on between them; small
 * rests by longest common subsequence; what remains, as moved runs that are unique among the
 * remains. About linear in the pages.
 */
export class PageDiff {
  readonly old: PageIndex;
  readonly fresh: PageIndex;
  /** For each token of the old page the token of the new one, or -1. */
  readonly toNew: Int32Array;
  /** For each token of the new page the token of the old one, or -1. */
  readonly toOld: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #weights: number[];

  constructor(old: PageIndex, fresh: PageIndex) {
    this.old = old;
    this.fresh = fresh;
    const { folds } = old.tokens;
    this.#left = Int32Array.from(folds, (folded) => fresh.number(folded));
    this.#weights = folds.map((folded) => fresh.weight(folded));
    this.#right = fresh.ids;
    this.toNew = new Int32Array(this.#left.length).fill(-1);
    this.toOld = new Int32Array(this.#right.length).fill(-1);
  }

  /** The matching is done in steps of some milliseconds, so that a caller may pause between them. */
  *match(): Generator<void> {
    yield* this.#matchInOrder();
    this.#dropStrays();
    yield;
    yield* this.#matchMoved();
  }

  #pair(oldAt: number, newAt: number): void {
    this.toNew[oldAt] = newAt;
    this.toOld[newAt] = oldAt;
  }

  *#matchInOrder(): Generator<void> {
    const left = this.#left;
    const right = this.#right;
    const areas: [number, number, number, number][] = [[0, left.length, 0, right.length]];
    let seen = 0;
    for (let area = areas.pop(); area !== undefined; area = areas.pop()) {
      seen += area[1] - area[0] + area[3] - area[2];
      if (seen > STEP) {
        seen = 0;
        yield;
      }
      let [a, b, c, d] = area;
      while (a < b && c < d && left[a] === right[c]) {
        this.#pair(a, c);
        a += 1;
        c += 1;
      }
      while (a < b && c < d && left[b - 1] === right[d - 1]) {
        b -= 1;
        d -= 1;
        this.#pair(b, d);
      }
      if (a >= b || c >= d) continue;
      const anchors = this.#uniqueAnchors(a, b, c, d);
      if (anchors.length > 0) {
        // each area begins with its anchor, which the loop above pairs
        let before = a;
        let after = c;
        for (const [oldAt, newAt] of anchors) {
          areas.push([before, oldAt, after, newAt]);
          before = oldAt;
          after = newAt;
        }
        areas.push([before, b, after, d]);
      } else if ((b - a) * (d - c) <= SMALL_AREA) {
        this.#matchSmall(a, b, c, d);
      }
    }
  }

  #uniqueAnchors(a: number, b: number, c: number, d: number): Pair[] {
    const seen = new Map<number, number>();
    for (let at = a; at < b; at += 1) {
      const number = this.#left[at]!;
      if (number >= 0) seen.set(number, seen.has(number) ? -1 : at);
    }
    const found = new Map<number, number>();
    for (let at = c; at < d; at += 1) {
      const number = this.#right[at]!;
      if ((seen.get(number) ?? -1) >= 0) found.set(number, found.has(number) ? -1 : at);
    }
    const pairs: Pair[] = [];
    for (const [number, at] of found) if (at >= 0) pairs.push([seen.get(number)!, at]);
    return longestIncreasing(pairs.sort((one, two) => one[0] - two[0]));
  }

  #matchSmall(a: number, b: number, c: number, d: number): void {
    const left = this.#left;
    const right = this.#right;
    const width = d - c;
    const stride = width + 1;
    const table = new Int32Array((b - a + 1) * stride);
    for (let at = b - 1; at >= a; at -= 1) {
      const row = (at - a) * stride;
      for (let column = width - 1; column >= 0; column -= 1) {
        table[row + column] =
          left[at] === right[c + column]
            ? table[row + stride + column + 1]! + 1
            : Math.max(table[row + stride + column]!, table[row + column + 1]!);
      }
    }
    let at = a;
    let column = 0;
    while (at < b && column < width) {
      const row = (at - a) * stride;
      if (left[at] === right[c + column]) {
        this.#pair(at, c + column);
        at += 1;
        column += 1;
      } else if (table[row + stride + column]! >= table[row + column + 1]!) at += 1;
      else column += 1;
    }
  }

  /** Takes back short runs that stand alone among strangers: they match by chance. */
  #dropStrays(): void {
    const { toNew, toOld } = this;
    const runs: [number, number, number][] = [];
    const size = toNew.length;
    let at = 0;
    while (at < size) {
      if (toNew[at]! < 0) {
        at += 1;
        continue;
      }
      const begin = at;
      let total = 0;
      while (at < size && toNew[at]! >= 0 && toNew[at] === toNew[begin]! + at - begin) {
        total += this.#weights[at]!;
        at += 1;
      }
      runs.push([begin, at, total]);
    }
    runs.forEach(([begin, end, total], number) => {
      if (total >= 24) return;
      let support = 0;
      for (const other of [number - 1, number + 1]) {
        const run = runs[other];
        if (run === undefined) continue;
        const [first, last, worth] = run;
        const gapOld = other < number ? begin - last : first - end;
        const gapNew =
          other < number ? toNew[begin]! - (toNew[last - 1]! + 1) : toNew[first]! - toNew[end - 1]! - 1;
        if (gapOld + gapNew <= 8 + Math.floor(worth / 8)) support += worth;
      }
      if (support < 24) runs[number] = [begin, end, -1];
    });
    for (const [begin, end, total] of runs) {
      if (total >= 0) continue;
      for (let place = begin; place < end; place += 1) {
        toOld[toNew[place]!] = -1;
        toNew[place] = -1;
      }
    }
  }

  *#matchMoved(): Generator<void> {
    const left = this.#left;
    const right = this.#right;
    const { toNew, toOld } = this;
    const gramAt = (ids: Int32Array, at: number): string => `${ids[at]},${ids[at + 1]},${ids[at + 2]}`;
    const grams = new Map<string, number>();
    for (let at = 0; at + MOVE_GRAM <= left.length; at += 1) {
      if (at % STEP === STEP - 1) yield;
      if (toNew[at]! >= 0 || left[at]! < 0 || left[at + 1]! < 0 || left[at + 2]! < 0) continue;
      const gram = gramAt(left, at);
      grams.set(gram, grams.has(gram) ? -1 : at);
    }
    const found = new Map<string, number>();
    for (let at = 0; at + MOVE_GRAM <= right.length; at += 1) {
      if (at % STEP === STEP - 1) yield;
      if (toOld[at]! >= 0) continue;
      const gram = gramAt(right, at);
      if ((grams.get(gram) ?? -1) >= 0) found.set(gram, found.has(gram) ? -1 : at);
    }
    const pairs: Pair[] = [];
    for (const [gram, at] of found) if (at >= 0) pairs.push([grams.get(gram)!, at]);
    pairs.sort((one, two) => one[0] - two[0]);
    const free = (oldAt: number, newAt: number): boolean =>
      oldAt >= 0 &&
      newAt >= 0 &&
      oldAt < left.length &&
      newAt < right.length &&
      left[oldAt] === right[newAt] &&
      toNew[oldAt]! < 0 &&
      toOld[newAt]! < 0;
    for (const [oldAt, newAt] of pairs) {
      if (toNew[oldAt]! >= 0 || toOld[newAt]! >= 0) continue;
      let low = 0;
      while (free(oldAt - low - 1, newAt - low - 1)) low += 1;
      let high = 0;
      while (free(oldAt + high, newAt + high)) high += 1;
      let total = 0;
      for (let step = -low; step < high; step += 1) total += this.#weights[oldAt + step]!;
      if (total < 40) continue;
      for (let step = -low; step < high; step += 1) this.#pair(oldAt + step, newAt + step);
    }
  }
}

/** The longest part of `pairs`, sorted by the first, that also rises in the second. */
function longestIncreasing(pairs: Pair[]): Pair[] {
  const tails: number[] = [];
  const holders: number[] = [];
  const previous = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([, value], number) => {
    const at = bisectLeft(tails, value);
    tails[at] = value;
    holders[at] = number;
    if (at > 0) previous[number] = holders[at - 1]!;
  });
  const result: Pair[] = [];
  let number = holders.length > 0 ? holders[holders.length - 1]! : -1;
  while (number >= 0) {
    result.push(pairs[number]!);
    number = previous[number]!;
  }
  return result.reverse();
}
