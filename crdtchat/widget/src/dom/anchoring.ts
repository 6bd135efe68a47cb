/** The anchoring package, in the shape that marks are kept in. */
import { type Selectors, TextIndex } from "../anchoring/index";

export { describe, type Selectors as Quote } from "../anchoring/index";

export type PlaceState = "exact" | "moved" | "changed" | "unsure" | "orphaned";

export interface Place {
  state: PlaceState;
  /** For `unsure` the place that is suggested; for `orphaned` meaningless. */
  startCp: number;
  endCp: number;
}

export class Finder {
  #index: TextIndex | null = null;

  constructor(private readonly text: string) {}

  place(quote: Selectors): Place {
    this.#index ??= new TextIndex(this.text);
    const found = this.#index.anchor(quote);
    switch (found.state) {
      case "orphaned":
        return { state: "orphaned", startCp: 0, endCp: 0 };
      case "unsure":
        return { state: "unsure", startCp: found.suggestion.startCp, endCp: found.suggestion.endCp };
      default:
        return { state: found.state, startCp: found.startCp, endCp: found.endCp };
    }
  }
}
