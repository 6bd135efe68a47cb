/** Whether text lies on a dark ground, followed as the page changes. */
import { above } from "./flat-tree";

interface Ground {
  /** From 0, black, to 1. */
  luminance: number;
  alpha: number;
}

/** A computed colour. Browsers leave it in the notation that it was written in, but for `hsl` and the like. */
function parse(colour: string): Ground {
  const [notation = "", ...words] = colour.split(/[\s(),/]+/).filter(Boolean);
  const isSpaced = notation === "color";
  const numbers = (isSpaced ? words.slice(1) : words).map((word) => Number.parseFloat(word) || 0);
  const [first = 255, second = 255, third = 255, alpha = 1] = numbers;
  switch (notation) {
    case "oklab":
    case "oklch":
      return { luminance: first ** 3, alpha };
    case "lab":
    case "lch":
      return { luminance: first > 8 ? ((first + 16) / 116) ** 3 : first / 903.3, alpha };
    default:
      return { luminance: luminance(first, second, third, isSpaced ? 1 : 255), alpha };
  }
}

function luminance(red: number, green: number, blue: number, most: number): number {
  const channel = (value: number) => {
    const c = value / most;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
}

/** It and all that it is drawn in, from the inside out. */
function elementsAround(element: Element): Element[] {
  const around: Element[] = [];
  for (let at: Node | null = element; at; at = above(at)) if (at instanceof Element) around.push(at);
  return around;
}

export function isOnDark(element: Element): boolean {
  for (const at of elementsAround(element)) {
    const ground = parse(getComputedStyle(at).backgroundColor);
    if (ground.alpha >= 0.5) return ground.luminance < 0.2;
  }
  // The canvas itself: dark only if the page opted into dark colours and the reader prefers them.
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  if (scheme.includes("dark") && !scheme.includes("light")) return true;
  return scheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
}

export function watchTheme(element: Element, told: (dark: boolean) => void): () => void {
  let dark = isOnDark(element);
  told(dark);
  const look = () => {
    const now = isOnDark(element);
    if (now === dark) return;
    dark = now;
    told(dark);
  };
  const closed = new AbortController();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal: closed.signal });
  // Backgrounds often fade: the colour is only itself when the transition is over.
  document.addEventListener("transitionend", look, { signal: closed.signal });
  const observer = new MutationObserver(look);
  // Every site has an attribute of its own for its theme.
  for (const at of elementsAround(element)) observer.observe(at, { attributes: true });
  const sheets = new MutationObserver(look);
  sheets.observe(document.head, { childList: true });
  return () => {
    closed.abort();
    observer.disconnect();
    sheets.disconnect();
  };
}
