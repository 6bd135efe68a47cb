import { selectedFor } from "./composed";

/** What has the focus, in whatever shadow tree it is; null where nothing has. The body has it where all of it is written in. */
export function focused(): HTMLElement | null {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at instanceof HTMLElement && (at !== document.body || at.isContentEditable) ? at : null;
}

/** Where somebody is in the page: what has the focus, and the caret if they write there. */
export class Whereabouts {
  readonly element = focused();
  readonly #caret = this.element?.isContentEditable ? selectedFor(this.element)?.cloneRange() : undefined;

  /** False if it is not there any more. */
  return(): boolean {
    const { element } = this;
    if (!element?.isConnected) return false;
    element.focus({ preventScroll: true });
    const caret = this.#caret;
    // Else the browser puts it to the beginning of what is written in.
    if (caret && element.contains(caret.commonAncestorContainer)) {
      const selection = document.getSelection();
      selection?.removeAllRanges();
      selection?.addRange(caret);
    }
    return true;
  }
}

/** Nothing is selected any more; whoever writes there keeps their place. */
export function unselect(): void {
  const selection = document.getSelection();
  if (focused()?.isContentEditable && selection?.rangeCount) {
    selection.collapseToEnd();
    // An editor that keeps what is selected itself asks only while it has the focus; the browser tells it later, when
    // the focus is elsewhere, and it would select the words again once it is back.
    document.dispatchEvent(new Event("selectionchange"));
  } else selection?.removeAllRanges();
}
