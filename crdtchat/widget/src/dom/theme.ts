/** Whether text lies on a dark ground, followed as the page changes. */

type Rgba = [number, number, number, number];

function parse(colour: string): Rgba {
  const parts = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  const [r = 255, g = 255, b = 255, a = 1] = parts;
  return colour.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
}

export function luminance([r, g, b]: readonly number[]): number {
  const channel = (value = 0) => {
    const c = value / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
}

export function isOnDark(element: Element): boolean {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const ground = parse(getComputedStyle(at).backgroundColor);
    if (ground[3] >= 0.5) return luminance(ground) < 0.2;
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
  const filter = {
    attributes: true,
    attributeFilter: ["class", "style", "data-theme", "data-color-mode", "data-bs-theme"],
  };
  for (let at: Element | null = element; at; at = at.parentElement) observer.observe(at, filter);
  const sheets = new MutationObserver(look);
  sheets.observe(document.head, { childList: true });
  return () => {
    closed.abort();
    observer.disconnect();
    sheets.disconnect();
  };
}
