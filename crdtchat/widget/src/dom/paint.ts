/**
 * Draws marks over the text without touching the page's DOM: CSS Custom Highlights where the browser has
 * them, else boxes in a layer of our own.
 */

export type Style = "open" | "resolved" | "hover" | "active" | "draft" | "suggested";
export const STYLES: readonly Style[] = ["open", "resolved", "suggested", "hover", "draft", "active"];

export interface Painter {
  set(style: Style, ranges: Range[]): void;
  theme(dark: boolean): void;
  /** Geometry may have changed: scrolled, resized, reflowed. */
  refresh(): void;
  destroy(): void;
}

const COLOURS: Record<Style, [light: string, dark: string]> = {
  open: [
    "background-color: var(--crdtchat-highlight, rgb(255 212 71 / 0.38))",
    "background-color: var(--crdtchat-highlight, rgb(250 204 70 / 0.22))",
  ],
  resolved: [
    "text-decoration: underline dotted 1px rgb(110 118 129 / 0.8)",
    "text-decoration: underline dotted 1px rgb(160 168 180 / 0.8)",
  ],
  hover: [
    "background-color: var(--crdtchat-highlight-hover, rgb(255 200 40 / 0.62))",
    "background-color: var(--crdtchat-highlight-hover, rgb(250 204 70 / 0.14))",
  ],
  active: [
    "background-color: var(--crdtchat-highlight-active, rgb(255 190 11 / 0.5))",
    "background-color: var(--crdtchat-highlight-active, rgb(250 196 40 / 0.14)); text-decoration: underline 2px #f0c040",
  ],
  draft: [
    "background-color: var(--crdtchat-highlight-draft, rgb(66 133 244 / 0.28))",
    "background-color: var(--crdtchat-highlight-draft, rgb(120 170 255 / 0.36))",
  ],
  suggested: [
    "text-decoration: underline dashed 2px rgb(200 120 0 / 0.9)",
    "text-decoration: underline dashed 2px rgb(250 190 90 / 0.9)",
  ],
};

export function createPainter(layer: HTMLElement): Painter {
  // A page may have another use for the name.
  const isNative = "priority" in (globalThis.Highlight?.prototype ?? {});
  return "highlights" in CSS && isNative ? new HighlightPainter() : new BoxPainter(layer);
}

class HighlightPainter implements Painter {
  /** A page may have several copies of this script, such as notebooks have in their cells; names are the page's. */
  readonly #prefix = `crdtchat-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  readonly #sheet = new CSSStyleSheet();
  readonly #painted = new Map<Style, Highlight>();
  #dark: boolean | null = null;

  constructor() {
    this.theme(false);
  }

  set(style: Style, ranges: Range[]): void {
    // A page may have set a list of its own since.
    if (!document.adoptedStyleSheets.includes(this.#sheet)) document.adoptedStyleSheets.push(this.#sheet);
    const name = `${this.#prefix}-${style}`;
    let painted = this.#painted.get(style);
    if (ranges.length === 0) {
      CSS.highlights.delete(name);
      this.#painted.delete(style);
      return;
    }
    if (!painted) {
      painted = new globalThis.Highlight();
      painted.priority = STYLES.indexOf(style);
      this.#painted.set(style, painted);
      CSS.highlights.set(name, painted);
    }
    // Only what changes: each range that is painted anew costs the browser.
    const wanted = new Set(ranges);
    for (const range of [...painted]) if (!wanted.has(range as Range)) painted.delete(range);
    for (const range of wanted) painted.add(range);
  }

  theme(dark: boolean): void {
    if (dark === this.#dark) return;
    this.#dark = dark;
    this.#sheet.replaceSync(
      STYLES.map((s) => `::highlight(${this.#prefix}-${s}) { ${COLOURS[s][dark ? 1 : 0]} }`).join("\n"),
    );
  }

  refresh(): void {}

  destroy(): void {
    for (const style of STYLES) CSS.highlights.delete(`${this.#prefix}-${style}`);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
  }
}

class BoxPainter implements Painter {
  readonly #boxes = document.createElement("div");
  readonly #ranges = new Map<Style, Range[]>();
  #frame = 0;

  constructor(layer: HTMLElement) {
    this.#boxes.className = "boxes";
    this.#boxes.setAttribute("aria-hidden", "true");
    layer.append(this.#boxes);
  }

  set(style: Style, ranges: Range[]): void {
    this.#ranges.set(style, ranges);
    this.refresh();
  }

  theme(dark: boolean): void {
    this.#boxes.classList.toggle("dark", dark);
  }

  refresh(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#boxes.remove();
  }

  /** Only what is in the window gets boxes. */
  #draw(): void {
    const boxes: HTMLElement[] = [];
    for (const style of STYLES)
      for (const range of this.#ranges.get(style) ?? []) {
        const bounds = range.getBoundingClientRect();
        if (bounds.bottom < 0 || bounds.top > innerHeight) continue;
        for (const rect of range.getClientRects()) {
          const box = document.createElement("div");
          box.className = `box ${style}`;
          box.style.cssText = `left:${rect.left}px;top:${rect.top}px;width:${rect.width}px;height:${rect.height}px`;
          boxes.push(box);
        }
      }
    this.#boxes.replaceChildren(...boxes);
  }
}
