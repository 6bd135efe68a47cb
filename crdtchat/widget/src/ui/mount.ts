/** The only things a widget puts into the page: a layer at the end of the body, and the bar where it is wanted. */
import type { Host } from "../app/host";
import { OptionError, type Options } from "../app/options";
import { Widget } from "../app/widget";
import { draw, drawBar } from "./app";
import css from "./style.css";

const LAYER = "crdtchat-layer";
const BAR = "crdtchat-bar";
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
  for (const layer of document.querySelectorAll<HTMLElement>(LAYER))
    layer.style.setProperty("--crdtchat-slot", String(slot++));
}

export interface Mounted {
  widget: Widget;
  layer: HTMLElement;
  destroy(): void;
}

export function mount(root: Element, options: Options & { serverUrl: string }, hosted?: Host): Mounted {
  if (!(root instanceof Element)) throw new OptionError("crdtchat: the first argument is not an element");
  const layer = host(LAYER);
  const { fontFamily } = getComputedStyle(root);
  layer.style.setProperty("--crdtchat-inherited-font", fontFamily);
  document.body.append(layer);
  stack();
  const shadow = layer.shadowRoot as ShadowRoot;
  const widget = new Widget(root, options, shadow as unknown as HTMLElement, hosted);
  const floating = options.topBarTarget === undefined;
  const parts = [draw(widget, shadow, { bar: floating, panel: !widget.docked })];
  const bar = options.topBarTarget ? host(BAR) : null;
  if (bar) {
    bar.style.setProperty("--crdtchat-inherited-font", fontFamily);
    options.topBarTarget?.append(bar);
    parts.push(drawBar(widget, bar.shadowRoot as ShadowRoot));
  }
  const keys = new AbortController();
  const { signal } = keys;
  addEventListener("keydown", (event) => shortcut(widget, event), { signal });
  const by = (keyboard: boolean) => () => layer.toggleAttribute("data-keys", keyboard);
  addEventListener("keydown", by(true), { signal, capture: true, passive: true });
  addEventListener("pointerdown", by(false), { signal, capture: true, passive: true });
  return {
    widget,
    layer,
    destroy() {
      keys.abort();
      for (const part of parts) part();
      widget.destroy();
      layer.remove();
      stack();
      bar?.remove();
    },
  };
}

/** Control Alt and a key that types nothing under common layouts; in text fields they are left alone. */
function shortcut(widget: Widget, event: KeyboardEvent): void {
  if (!event.ctrlKey || !event.altKey || event.metaKey) return;
  const target = event.composedPath()[0];
  const typing =
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName));
  if (typing) return;
  const act = {
    KeyM: () => widget.compose(),
    KeyD: () => widget.togglePanel(),
    Period: () => widget.step(1),
    Comma: () => widget.step(-1),
  }[event.code];
  if (!act) return;
  act();
  event.preventDefault();
}
