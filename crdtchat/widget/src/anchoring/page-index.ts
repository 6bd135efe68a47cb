/** A text made ready to be searched by many annotations. */
import { CpText } from "./cp-text";
import { glue, stem, type Tokens, tokenize, weightCap } from "./tokens";

/** Rarity is measured against at least this many tokens, so that small pages do not look common. */
const FEWEST = 2048;
const LIGHTEST = 2;

function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** The first place in sorted numbers that is not below `wanted`. */
export function bisectLeft(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Where every token and every pair of tokens of a text stands. Nothing is computed before it is
 * needed: annotations that still stand where they stood cost no more than a comparison.
 */
export class PageIndex {
  readonly text: CpText;
  readonly cache = new Map<string, string>();
  #tokens: Tokens | null = null;
  #built = false;
  #vocabulary = new Map<string, number>();
  #stems = new Map<string, number>();
  #ids = new Int32Array(0);
  #stemIds = new Int32Array(0);
  #postings: number[][] = [];
  #weights: number[] = [];
  #glue: Int32Array | null = null;
  #pairs: Map<number, number[]> | null = null;

  constructor(text: string) {
    this.text = new CpText(text);
  }

  /** All that is computed on need, in steps between which a caller may pause. */
  *prepare(): Generator<unknown> {
    yield this.tokens;
    yield this.ids;
    yield this.pairPostings(0, 0);
    yield this.glue;
  }

  /** The tokens of the text. */
  get tokens(): Tokens {
    this.#tokens ??= tokenize(this.text, this.cache);
    return this.#tokens;
  }

  #build(): void {
    if (this.#built) return;
    this.#built = true;
    const { folds } = this.tokens;
    const ids = new Int32Array(folds.length);
    folds.forEach((folded, at) => {
      let number = this.#vocabulary.get(folded);
      if (number === undefined) {
        number = this.#postings.length;
        this.#vocabulary.set(folded, number);
        this.#postings.push([at]);
      } else {
        this.#postings[number]!.push(at);
      }
      ids[at] = number;
    });
    const scale = 4 * Math.max(FEWEST, ids.length);
    const stemOfWord: number[] = [];
    for (const [folded, number] of this.#vocabulary) {
      const rarity = bitLength(Math.floor(scale / this.#postings[number]!.length));
      this.#weights.push(Math.max(LIGHTEST, Math.min(weightCap(folded), rarity)));
      const shared = stem(folded);
      if (shared === "") {
        stemOfWord.push(-1);
        continue;
      }
      let stemNumber = this.#stems.get(shared);
      if (stemNumber === undefined) {
        stemNumber = this.#stems.size;
        this.#stems.set(shared, stemNumber);
      }
      stemOfWord.push(stemNumber);
    }
    this.#ids = ids;
    this.#stemIds = ids.map((number) => stemOfWord[number]!);
  }

  /** The number of each token's folded form. */
  get ids(): Int32Array {
    this.#build();
    return this.#ids;
  }

  /** The number of each token's stem, -1 for tokens without one. */
  get stemIds(): Int32Array {
    this.#build();
    return this.#stemIds;
  }

  /** 1 for tokens that the next token touches, 0 for those before white space. */
  get glue(): Int32Array {
    this.#glue ??= glue(this.tokens);
    return this.#glue;
  }

  /** The number of a folded form, -1 if the text does not have it. */
  number(folded: string): number {
    this.#build();
    return this.#vocabulary.get(folded) ?? -1;
  }

  /** The number of the stem of a folded form, -2 if it has none or the text lacks it. */
  stemNumber(folded: string): number {
    this.#build();
    const shared = stem(folded);
    return shared === "" ? -2 : (this.#stems.get(shared) ?? -2);
  }

  /** How much a match of this form tells, in bits of rarity. */
  weight(folded: string): number {
    const number = this.number(folded);
    if (number >= 0) return this.#weights[number]!;
    const scale = 4 * Math.max(FEWEST, this.#ids.length);
    return Math.max(LIGHTEST, Math.min(weightCap(folded), bitLength(scale)));
  }

  /** How much the token at a place of the text tells. */
  weightAt(at: number): number {
    return this.#weights[this.ids[at]!]!;
  }

  /** Where a token stands, in order. */
  postings(number: number): readonly number[] {
    return this.#postings[number]!;
  }

  /** Where `second` directly follows `first`: positions of `first`, in order. */
  pairPostings(first: number, second: number): readonly number[] {
    const size = this.#postings.length;
    if (this.#pairs === null) {
      const pairs = new Map<number, number[]>();
      const ids = this.ids;
      for (let at = 0; at + 1 < ids.length; at += 1) {
        const key = ids[at]! * size + ids[at + 1]!;
        const places = pairs.get(key);
        if (places === undefined) pairs.set(key, [at]);
        else places.push(at);
      }
      this.#pairs = pairs;
    }
    return this.#pairs.get(first * size + second) ?? [];
  }

  /** The number of the first token that starts at or after an offset. */
  tokenAt(offsetCp: number): number {
    return bisectLeft(this.tokens.starts, offsetCp);
  }
}
