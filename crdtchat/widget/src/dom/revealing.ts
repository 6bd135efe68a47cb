/** Brings words into view: out of what hides them, and to where they are seen. */
import { disclose } from "./disclosing";
import { above } from "./flat-tree";

const EDGE_PX = 60;

export function bringIntoView(range: Range): void {
  const { startContainer: start } = range;
  disclose(start);
  disclose(range.endContainer);
  // What scrolls within the page is brought to its words at once; the page itself follows.
  for (let at: Node | null = start; at; at = above(at)) if (at instanceof Element) scroll(at, range);
  const rect = range.getBoundingClientRect();
  const isIn = rect.top >= EDGE_PX && rect.bottom <= innerHeight - EDGE_PX;
  const isBeside = isWide() && (rect.left < 0 || rect.right > innerWidth);
  if (isIn && !isBeside) return;
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isNear = Math.abs(rect.top) < 4 * innerHeight && Math.abs(rect.left) < 4 * innerWidth;
  const behavior = smooth && isNear ? "smooth" : "instant";
  const element = start instanceof Element ? start : start.parentElement;
  const height = element?.getBoundingClientRect().height ?? 0;
  const top = isIn ? 0 : rect.top - innerHeight / 3;
  const left = rect.left - Math.max(0, (innerWidth - rect.width) / 2);
  if (isBeside) scrollBy({ top, left, behavior });
  else if (element && height < innerHeight / 2) element.scrollIntoView({ block: "center", behavior });
  else scrollBy({ top, behavior });
}

/** Whether the page scrolls to the side, as one does that is written from the top down. */
function isWide(): boolean {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth;
}

/** A box with bars of its own, if the words are not in sight in it. */
function scroll(box: Element, range: Range): void {
  if (box === document.scrollingElement) return;
  if (box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth) return;
  if (!/auto|scroll/.test(getComputedStyle(box).overflow)) return;
  const [words, frame] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
  const isIn = words.top >= frame.top && words.bottom <= frame.bottom;
  const isBeside = words.left < frame.left || words.right > frame.right;
  const top = isIn ? 0 : words.top - frame.top - Math.max(0, (frame.height - words.height) / 2);
  const left = isBeside ? words.left - frame.left - Math.max(0, (frame.width - words.width) / 2) : 0;
  box.scrollBy({ top, left, behavior: "instant" });
}
