import type { Widget } from "../app/widget";
import { focused, Whereabouts } from "../dom/focused";
import { PHONE_WIDTH } from "../dom/placement";

/** The element that the bar is in where the host page has a place for it. */
export const BAR = "crdtchat-bar";

/** Whoever writes in the page, and pressed marked words to go on there, goes on there: what opens beside takes no keys. */
export const isWritingInPage = (): boolean =>
  innerWidth >= PHONE_WIDTH && focused()?.isContentEditable === true;

/** To what stays when the control that had the focus goes: there Escape and the arrows are heard. */
export function toScroll(within: Element | null): void {
  within?.closest<HTMLElement>(".scroll")?.focus({ preventScroll: true });
}

/** To what opens the panel, once it is drawn, unless something else has taken the focus by then. */
export function toOpener({ options }: Widget, root: ShadowRoot): void {
  requestAnimationFrame(() => {
    const bar = options.topBarTarget?.querySelector(BAR)?.shadowRoot ?? root;
    if (!focused()) bar.querySelector<HTMLElement>(".open-panel")?.focus({ preventScroll: true });
  });
}

/** Whether a key is an input method's. Safari says of the one that ends a composition so by its code alone. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

const STOPS = "a[href], button, input, textarea";

/** A box that covers the whole window keeps the focus in it: what is below is not seen. */
export function keepInside(event: KeyboardEvent): void {
  if (event.key !== "Tab" || innerWidth >= PHONE_WIDTH) return;
  const box = event.currentTarget as HTMLElement;
  const stops = [...box.querySelectorAll<HTMLElement>(STOPS)].filter(
    (one) => one.tabIndex >= 0 && !one.matches(":disabled"),
  );
  const { activeElement } = box.getRootNode() as ShadowRoot;
  const [first, last] = [stops[0], stops.at(-1)];
  const isAtEdge =
    activeElement === (event.shiftKey ? first : last) || (event.shiftKey && activeElement === box);
  if (!isAtEdge) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

/** Where the focus goes back to from what lies over the page: to where it was there last. */
export class WayBack {
  readonly #closed = new AbortController();
  #last: Whereabouts;

  constructor(
    private readonly root: ShadowRoot,
    first = new Whereabouts(),
  ) {
    this.#last = first;
    const look = () => {
      const at = focused();
      if (at && !root.contains(at)) this.#last = new Whereabouts();
    };
    for (const type of ["focusin", "selectionchange"])
      document.addEventListener(type, look, { signal: this.#closed.signal });
  }

  get isNeeded(): boolean {
    return this.root.activeElement !== null;
  }

  /** False if there is nothing that it could go to. */
  go(): boolean {
    return this.#last.return();
  }

  close(): void {
    this.#closed.abort();
  }
}
