/** A range of the text in code points, and how sure it is that it is meant (0 to 1). */
export interface Place {
  readonly startCp: number;
  readonly endCp: number;
  readonly score: number;
}

/** exact: where it was; moved: the same words elsewhere; changed: the words were edited. */
export interface Anchored extends Place {
  readonly state: "exact" | "moved" | "changed";
}

/** A place that a person should confirm; nothing is attached. */
export interface Unsure {
  readonly state: "unsure";
  readonly suggestion: Place;
}

/**
 * The words are not in the text; `nearest` is where they probably were, if that is known.
 * ambiguous: several places are equally good; gone: nothing on the page is like the passage;
 * doubtful: the best place is too unlike the passage to be named.
 */
export interface Orphaned {
  readonly state: "orphaned";
  readonly reason: "ambiguous" | "gone" | "doubtful";
  readonly nearest: Place | null;
}

export type Anchoring = Anchored | Unsure | Orphaned;
