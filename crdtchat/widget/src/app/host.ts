/** What a host that is more than a page does for a widget: a notebook, also a published one, an editor. */
import type { Reading } from "../dom/section";
import type { Target } from "../model/schema";
import type { Carrier } from "../sync/transport";

export interface Host {
  /** How the text of its element is read. */
  reading: Reading;
  /** Says which part of the page the words are in. */
  describe?(target: Target, range: Range): Target;
  /**
   * The element of a target's part, from which its offsets count; it may be out of the document for a while.
   * Undefined if the page has no such part any more.
   */
  element?(target: Target): Element | undefined;
  /** Whether the words of a target can be the ones that stand there: what was printed is not what prints it. */
  suits?(target: Target, range: Range): boolean;
  /** Brings words into view that are not drawn: where they stand in the text of a part, in UTF-16 units. */
  bring?(part: Element | undefined, u16: number): void;
  /** The panel is where the host has its own. */
  docked?: true;
  /** The panel, which is the host's, was asked for or closed. */
  showPanel?(open: boolean): void;
  /** The panel is all there is, and cannot be closed. */
  panelStays?: boolean;
  /** The page's text is not here: nothing is looked for, and nothing is said to be lost. */
  textless?: boolean;
  /** How the server is reached, if not over the web. */
  carrier?: Carrier;
  /** Asks the server over HTTP, where it wants more of a question than a page would send with it. */
  fetch?: typeof fetch;
  /** What the host draws better than a page can. */
  drawing?: Drawing;
}

/**
 * Draws what stands in comments, which other people wrote. Each is given an element that holds the words as they were
 * typed; it is in the document and not in a shadow tree, so that the host's style sheets reach it. What is not drawn
 * stays as it is.
 */
export interface Drawing {
  code(element: HTMLElement, text: string, language: string): void;
  /** `display`: on a line of its own. */
  math(element: HTMLElement, tex: string, display: boolean): void;
}
