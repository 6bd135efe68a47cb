/**
 * Finding an annotation's words again after the page was edited, never the wrong ones. Pure: no
 * DOM, no clock, no random. The Python twin, `crdtchat.anchoring`, gives the same answers.
 */
import type { Anchoring } from "./results";
import type { Selectors } from "./selectors";
import { TextIndex } from "./text-index";

export type { Anchored, Anchoring, Orphaned, Place, Unsure } from "./results";
export { CONTEXT_CP, describe, type Selectors } from "./selectors";
export { TextIndex } from "./text-index";

/**
 * Finds the selectors in `text`; `previousText` is the text that they were made on. Whoever asks
 * more than once about a text keeps a `TextIndex`.
 */
export function anchor(text: string, selectors: Selectors, previousText: string | null = null): Anchoring {
  return new TextIndex(text).anchor(selectors, previousText);
}
