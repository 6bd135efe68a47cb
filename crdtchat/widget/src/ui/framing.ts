/** What a page makes of what is placed in the window, when it draws all of itself in another way. */

const FRAMING = [
  "transform",
  "translate",
  "rotate",
  "scale",
  "perspective",
  "filter",
  "backdropFilter",
] as const;
const CONTAINING = /paint|layout|strict|content/;
const ANNOUNCED = /transform|translate|rotate|scale|perspective|filter|contain/;

/** Whether an element frames what is fixed in it: that scrolls with it then, and is not placed in the window. */
export function frames(element: Element): boolean {
  const style = getComputedStyle(element);
  // Of what a browser does not know it says nothing.
  if (FRAMING.some((name) => (style[name] ?? "none") !== "none")) return true;
  return CONTAINING.test(style.contain) || ANNOUNCED.test(style.willChange);
}

/** Pixels in a part of the page that is drawn larger (`zoom`) are larger than those that places are told in. */
export function undoZoom(layer: HTMLElement): void {
  const zoom = layer.currentCSSZoom ?? 1;
  if (zoom === 1) layer.style.removeProperty("--crdtchat-unzoom");
  else layer.style.setProperty("--crdtchat-unzoom", String(1 / zoom));
}
