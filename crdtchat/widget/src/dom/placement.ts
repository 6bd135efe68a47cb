/** Where a card goes beside its words: never over them if there is room, never outside the window. */

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Placement {
  left: number;
  top: number;
  width: number;
  maxHeight: number;
  side: "right" | "left" | "below" | "above" | "screen";
}

const GAP = 12;
const EDGE = 8;
const WIDTH = 368;
export const NARROWEST = 280;
export const PHONE_WIDTH = 640;
const LEAST_HEIGHT = 240;

/**
 * `words` is the box of the marked words, `column` that of the text they stand in: beside the column is better
 * than beside the words, because nothing that is read is covered there.
 */
export function placeCard(words: Box, column: Box, view: Box, height: number): Placement {
  const room = view.bottom - view.top - 2 * EDGE;
  if (view.right - view.left < PHONE_WIDTH)
    return {
      left: view.left,
      top: view.top,
      width: view.right - view.left,
      maxHeight: view.bottom - view.top,
      side: "screen",
    };
  const needed = Math.min(height, room);
  const within = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high));
  const beside = (left: number, width: number, side: "left" | "right"): Placement => {
    const top = within(words.top - 8, view.top + EDGE, view.bottom - EDGE - needed);
    return { left, top, width, maxHeight: view.bottom - EDGE - top, side };
  };
  // Rather narrow beside the text than wide over it.
  const right = Math.min(column.right, view.right) + GAP;
  const roomRight = Math.min(WIDTH, view.right - EDGE - right);
  if (roomRight >= NARROWEST) return beside(right, roomRight, "right");
  const roomLeft = Math.min(WIDTH, Math.max(column.left, view.left) - GAP - EDGE - view.left);
  if (roomLeft >= NARROWEST)
    return beside(Math.max(column.left, view.left) - GAP - roomLeft, roomLeft, "left");
  const width = Math.min(WIDTH, view.right - view.left - 2 * EDGE);
  const across = within(words.left, view.left + EDGE, view.right - EDGE - width);
  const below = view.bottom - EDGE - (words.bottom + GAP);
  const above = words.top - GAP - (view.top + EDGE);
  const enough = Math.min(needed, LEAST_HEIGHT);
  const downward = below >= needed || below >= above;
  if (downward && below >= enough && words.bottom > view.top)
    return { left: across, top: words.bottom + GAP, width, maxHeight: below, side: "below" };
  if (!downward && above >= enough && words.top < view.bottom) {
    const used = Math.min(needed, above);
    return { left: across, top: words.top - GAP - used, width, maxHeight: used, side: "above" };
  }
  return beside(view.right - EDGE - width, width, "right");
}
