/** Which mark is under the pointer. */
import { shadowsOf } from "./composed";
import type { Mark, Marks } from "./marks";

interface CaretDocument {
  caretPositionFromPoint?(
    x: number,
    y: number,
    within: { shadowRoots: ShadowRoot[] },
  ): { offsetNode: Node; offset: number } | null;
  caretRangeFromPoint?(x: number, y: number): Range | null;
}

const SLACK_PX = 1;

export function markAt(marks: Marks, x: number, y: number): Mark | undefined {
  const at = caret(x, y, shadowsOf(marks.root));
  if (!at || !marks.root.contains(at.node)) return undefined;
  const cp = marks.map.offset(at.node, at.offset);
  // The caret snaps to the nearest text, so a click beside a line is told from one on it by the boxes.
  return marks
    .over(cp)
    .find(({ range }) => range && [...range.getClientRects()].some((r) => contains(r, x, y)));
}

function caret(x: number, y: number, shadowRoots: ShadowRoot[]): { node: Node; offset: number } | undefined {
  const doc = document as unknown as CaretDocument;
  const position = doc.caretPositionFromPoint?.(x, y, { shadowRoots });
  if (position) return { node: position.offsetNode, offset: position.offset };
  const range = doc.caretRangeFromPoint?.(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : undefined;
}

function contains(rect: DOMRect, x: number, y: number): boolean {
  return (
    x >= rect.left - SLACK_PX &&
    x <= rect.right + SLACK_PX &&
    y >= rect.top - SLACK_PX &&
    y <= rect.bottom + SLACK_PX
  );
}
