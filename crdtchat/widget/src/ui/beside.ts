/** Lists that open beside a control: over the edge of the card they belong to, never over the window's. */
const GAP_PX = 4;

/**
 * Moves a list of `position: fixed` to its control: on the side that is preferred if it fits there, else on
 * the other. By translation, because an ancestor may have made itself the frame of what is fixed.
 */
export function putBeside(
  list: HTMLElement,
  control: DOMRect,
  prefer: "above" | "below",
  align: "left" | "right",
): void {
  list.style.translate = "none";
  const { left, top, width, height } = list.getBoundingClientRect();
  const above = control.top - GAP_PX - height;
  const below = control.bottom + GAP_PX;
  const fits = { above: above >= GAP_PX, below: below + height <= innerHeight - GAP_PX };
  const other = prefer === "above" ? "below" : "above";
  const side = fits[prefer] || !fits[other] ? prefer : other;
  const within = (value: number, size: number, room: number) =>
    Math.max(GAP_PX, Math.min(value, room - size - GAP_PX));
  const x = within(align === "left" ? control.left : control.right - width, width, innerWidth);
  const y = within(side === "above" ? above : below, height, innerHeight);
  list.style.translate = `${x - left}px ${y - top}px`;
}

/**
 * The list would stay where it is while its control moves on. Answers what ends the watching. The page hears of no
 * scrolling within a shadow tree.
 */
export function closeOnScroll(control: Element, close: () => void): () => void {
  const closed = new AbortController();
  const options = { capture: true, passive: true, signal: closed.signal };
  addEventListener("scroll", close, options);
  const within = ({ target }: Event) => {
    if (target !== control && (target as Element).contains(control)) close();
  };
  control.getRootNode().addEventListener("scroll", within, options);
  return () => closed.abort();
}
