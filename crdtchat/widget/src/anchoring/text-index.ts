import { anchorIn, stands } from "./engine";
import { PageDiff } from "./page-diff";
import { PageIndex } from "./page-index";
import type { Anchoring } from "./results";
import type { Selectors } from "./selectors";

/**
 * A text that is asked for many annotations: prepared on first need, then shared by all questions
 * about it. The last old text it was compared with is kept too.
 */
export class TextIndex {
  readonly #page: PageIndex;
  #diff: PageDiff | null = null;

  constructor(text: string) {
    this.#page = new PageIndex(text);
  }

  get text(): string {
    return this.#page.text.text;
  }

  /**
   * Where the passage stands in this text; offsets are in code points. `previous` is the text that
   * the selectors were made on, if it is known. It is a witness only: a text in which the passage
   * does not stand at its offsets is not listened to.
   */
  anchor(selectors: Selectors, previous: TextIndex | string | null = null): Anchoring {
    return anchorIn(this.#page, selectors, previous === null ? null : this.#compare(previous));
  }

  /** Whether the passage stands where it stood; then nothing has to be prepared for the answer. */
  stands(selectors: Selectors): boolean {
    return stands(this.#page, selectors);
  }

  /** What the first questions would prepare, in steps: a caller may pause between them. */
  *prepare(previous: TextIndex | null = null): Generator<unknown> {
    yield* this.#page.prepare();
    if (previous === null || this.#diff?.old === previous.#page) return;
    yield* previous.#page.prepare();
    const diff = new PageDiff(previous.#page, this.#page);
    yield* diff.match();
    this.#diff = diff;
  }

  #compare(previous: TextIndex | string): PageDiff {
    const text = typeof previous === "string" ? previous : previous.text;
    if (this.#diff === null || this.#diff.old.text.text !== text) {
      const page = typeof previous === "string" ? new PageIndex(previous) : previous.#page;
      const diff = new PageDiff(page, this.#page);
      for (const _ of diff.match());
      this.#diff = diff;
    }
    return this.#diff;
  }
}
