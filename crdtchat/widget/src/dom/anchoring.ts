/** The anchoring package, in the shape that marks are kept in. */
import { CpText } from "../anchoring/cp-text";
import { type Anchoring, describe as describeIn, type Selectors, TextIndex } from "../anchoring/index";

let last: CpText | undefined;

/** The selectors of a range; a text that is asked about again and again is counted out once. */
export function describe(text: string, startCp: number, endCp: number): Selectors {
  if (last?.text !== text) last = new CpText(text);
  return describeIn(last, startCp, endCp);
}

/** What an annotation is about, and the page version that it was seen in. */
export interface Quote extends Selectors {
  readonly version: string;
}

export type PlaceState = "exact" | "moved" | "changed" | "unsure" | "orphaned";

export interface Place {
  state: PlaceState;
  /** For `unsure` the place that is suggested; for `orphaned` where the words probably were, or 0 to 0. */
  startCp: number;
  endCp: number;
  /** 0 to 1; 1 where nothing had to be weighed: the words stand with their neighbours, and there only. */
  score: number;
  /** The part of the page that it is about as a whole; may be out of the document for a while. */
  whole?: Element;
}

export class Finder {
  readonly #index: TextIndex;
  #prepared = false;
  /** The page version whose text is listened to, and that text. */
  #version = "";
  #old: TextIndex | null = null;

  constructor(text: string) {
    this.#index = new TextIndex(text);
  }

  /** Whether the answer takes no long preparation. */
  isQuick(quote: Quote | undefined): boolean {
    return this.#prepared || !quote || this.#index.stands(quote);
  }

  /** Whether the text of a page version is listened to already. */
  hears(version: string): boolean {
    return version === this.#version;
  }

  /** Prepares for all questions, in steps between which the page may do something else. */
  *prepare(): Generator<unknown> {
    yield* this.#index.prepare();
    this.#prepared = true;
  }

  /** From then on, the text of a page version is a witness for what was seen in it. */
  *call(version: string, text: string): Generator<unknown> {
    const old = new TextIndex(text);
    yield* this.#index.prepare(old);
    this.#version = version;
    this.#old = old;
  }

  place(quote: Quote): Place {
    const found = placeOf(this.#index.anchor(quote));
    if (found.score === 1 || !this.#old || quote.version !== this.#version) return found;
    return placeOf(this.#index.anchor(quote, this.#old));
  }
}

const NOWHERE = { startCp: 0, endCp: 0 };

function placeOf(found: Anchoring): Place {
  if (found.state === "orphaned") {
    const { startCp, endCp } = found.nearest ?? NOWHERE;
    return { state: "orphaned", startCp, endCp, score: 0 };
  }
  const { state } = found;
  const { startCp, endCp, score } = state === "unsure" ? found.suggestion : found;
  return { state, startCp, endCp, score };
}
