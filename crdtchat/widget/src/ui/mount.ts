/** The only things a widget puts into the page: a layer at the end of the body, and the bar where it is wanted. */
import type { Host } from "../app/host";
import type { Options } from "../app/options";
import { type Neighbour, together } from "../app/together";
import { Widget } from "../app/widget";
import { draw, drawBar } from "./app";
import { BAR } from "./focus";
import css from "./style.css";
import { followTopLayer } from "./top-layer";

const AWAY_MS = 3_000;
const LAYER = "crdtchat-layer";
let sheet: CSSStyleSheet | undefined;

/** A constructed style sheet: works under a Content-Security-Policy without inline styles. */
function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}

export function host(tag: string): HTMLElement {
  const element = document.createElement(tag);
  const root = element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [styles()];
  // What is typed here is not a shortcut of the host page.
  for (const type of ["keydown", "keyup", "keypress"] as const)
    root.addEventListener(type, (event) => {
      if (!(event as KeyboardEvent).ctrlKey || !(event as KeyboardEvent).altKey) event.stopPropagation();
    });
  return element;
}

/** Several widgets of a page: their floating bars stand one below the other. */
function stack(): void {
  let slot = 0;
  for (const layer of document.querySelectorAll<HTMLElement>(`${LAYER}:not([hidden])`))
    layer.style.setProperty("--crdtchat-slot", String(slot++));
}

export interface Mounted {
  widget: Widget;
  layer: HTMLElement;
  destroy(): void;
}

export function mount(root: Element, options: Options & { serverUrl: string }, hosted?: Host): Mounted {
  const layer = host(LAYER);
  const { fontFamily } = getComputedStyle(root);
  layer.style.setProperty("--crdtchat-inherited-font", fontFamily);
  document.body.append(layer);
  stack();
  const shadow = layer.shadowRoot as ShadowRoot;
  const widget = new Widget(root, options, shadow as unknown as HTMLElement, hosted);
  const floating = options.topBarTarget === undefined;
  const parts = [draw(widget, shadow, { bar: floating, panel: !widget.docked }), followTopLayer(layer, root)];
  const bar = options.topBarTarget ? host(BAR) : null;
  if (bar) {
    bar.style.setProperty("--crdtchat-inherited-font", fontFamily);
    options.topBarTarget?.append(bar);
    parts.push(drawBar(widget, bar.shadowRoot as ShadowRoot));
  }
  // What a page has of dialogs that keep the focus in them would take it back from here at once.
  if (!hosted?.docked)
    for (const part of [layer, bar])
      for (const type of ["focusin", "focusout"])
        part?.addEventListener(type, (event) => event.stopPropagation());
  const keys = new AbortController();
  const { signal } = keys;
  const by = (keyboard: boolean) => () => layer.toggleAttribute("data-keys", keyboard);
  addEventListener("keydown", by(true), { signal, capture: true, passive: true });
  addEventListener("pointerdown", by(false), { signal, capture: true, passive: true });
  const leaving = hosted?.docked ? () => {} : followAbsence(root, widget, [layer, bar]);
  const self: Neighbour = {
    layer,
    isBusy: () => widget.view.value.panel || widget.view.value.active !== null,
    knows: (aid) => widget.knows(aid),
  };
  const others = () => together.neighbours.filter((one) => one !== self);
  together.neighbours.push(self);
  const used = (event: Event) => {
    const way = event.composedPath();
    if (![root, layer, bar].some((part) => part && way.includes(part))) return;
    together.neighbours = [self, ...others()];
  };
  for (const type of ["pointerdown", "focusin"])
    addEventListener(type, used, { signal, capture: true, passive: true });
  // A host with a panel of its own has keys of its own, and says for which of its documents they are.
  if (!hosted?.showPanel) addEventListener("keydown", (event) => shortcut(self, widget, event), { signal });
  return {
    widget,
    layer,
    destroy() {
      keys.abort();
      together.neighbours = others();
      for (const part of parts) part();
      leaving();
      widget.destroy();
      layer.remove();
      stack();
      bar?.remove();
    },
  };
}

/**
 * An application may take the element away and say nothing, or put it back later. Nothing is shown of it meanwhile, and
 * after a while the server hears that nobody looks. Answers what ends it.
 */
function followAbsence(root: Element, widget: Widget, parts: (HTMLElement | null)[]): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasThere = false;
  let wasAway = false;
  const leave = () => {
    timer = setTimeout(() => widget.visits.rest() || leave(), AWAY_MS);
  };
  // What is not in the document has no size.
  const observer = new ResizeObserver(() => {
    wasThere ||= root.isConnected;
    const isAway = wasThere && !root.isConnected;
    for (const part of parts) part?.toggleAttribute("hidden", isAway);
    stack();
    widget.canvas.pause(isAway);
    clearTimeout(timer);
    if (isAway) leave();
    else if (isAway !== wasAway) {
      widget.canvas.marks.restore();
      widget.visits.wake();
    }
    wasAway = isAway;
  });
  observer.observe(root);
  return () => {
    observer.disconnect();
    clearTimeout(timer);
  };
}

/** Of several widgets one shows its discussions at a time: the one that does already, else the one that was used last. */
function isMeant(self: Neighbour): boolean {
  const shown = together.neighbours.filter(({ layer }) => !layer.hidden);
  return self === (shown.find((one) => one.isBusy()) ?? shown[0]);
}

/** Control Alt and a key that types nothing under common layouts; in text fields they are left alone. */
function shortcut(self: Neighbour, widget: Widget, event: KeyboardEvent): void {
  if (!event.ctrlKey || !event.altKey || event.metaKey) return;
  const target = event.composedPath()[0];
  const typing =
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(input|textarea)$/.test(target.localName));
  if (typing) return;
  const act = {
    KeyM: () => widget.compose(),
    KeyD: () => widget.togglePanel(),
    Period: () => widget.step(1),
    Comma: () => widget.step(-1),
  }[event.code];
  // What is selected is in one of them anyway.
  if (!act || (event.code !== "KeyM" && (event === together.followed || !isMeant(self)))) return;
  together.followed = event;
  act();
  event.preventDefault();
}
