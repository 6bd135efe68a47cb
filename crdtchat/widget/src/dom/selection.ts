/** What the reader has selected inside an element, told once the selection has come to rest. */
import { selectedFor } from "./composed";
import type { TextMap } from "./text-map";

export interface Selected {
  startCp: number;
  endCp: number;
  range: Range;
  /** Where the selection ends for the eye now: a button goes there. */
  focus(): DOMRect;
}

const TOUCH_REST_MS = 300;
const KEYBOARD_REST_MS = 120;

export class SelectionWatch {
  #pointerDown = false;
  #touch = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = new AbortController();
  #last = "";

  constructor(
    private readonly root: Element,
    private readonly map: () => TextMap,
    private readonly rested: (selected: Selected | null) => void,
  ) {
    const { signal } = this.#closed;
    document.addEventListener("selectionchange", () => this.#changed(), { signal });
    addEventListener(
      "pointerdown",
      (event) => {
        this.#pointerDown = event.pointerType === "mouse";
        this.#touch = event.pointerType === "touch";
      },
      { signal, capture: true },
    );
    const up = () => {
      if (!this.#pointerDown) return;
      this.#pointerDown = false;
      // The browser clears a clicked selection only after the pointer is up.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look());
    };
    addEventListener("pointerup", up, { signal, capture: true });
    addEventListener("pointercancel", up, { signal, capture: true });
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
  }

  /** The selection as it is now. */
  read(): Selected | null {
    const range = selectedFor(this.root);
    if (!range || range.collapsed) return null;
    const { activeElement } = this.root.getRootNode() as Document | ShadowRoot;
    if (activeElement?.matches("input, textarea, select")) return null;
    if (!range.intersectsNode(this.root)) return null;
    const map = this.map();
    const inside = clamp(range, this.root);
    let startCp = map.offset(inside.startContainer, inside.startOffset);
    let endCp = map.offset(inside.endContainer, inside.endOffset);
    const points = Array.from(map.text.slice(map.points.toU16(startCp), map.points.toU16(endCp)));
    while (points.length > 0 && /\s/.test(points[0] as string)) {
      points.shift();
      startCp++;
    }
    while (points.length > 0 && /\s/.test(points.at(-1) as string)) {
      points.pop();
      endCp--;
    }
    if (points.length === 0) return null;
    const trimmed = map.range(startCp, endCp);
    if (!trimmed) return null;
    const backward = isBackward();
    return { startCp, endCp, range: trimmed, focus: () => edge(trimmed, backward) };
  }

  #changed(): void {
    if (this.#pointerDown) {
      // Something else is being selected: what was shown for the last would be in its way.
      if (this.#last) this.rested(null);
      this.#last = "";
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#touch ? TOUCH_REST_MS : KEYBOARD_REST_MS);
  }

  #look(): void {
    const selected = this.read();
    const now = selected ? `${selected.startCp}-${selected.endCp}` : "";
    if (now === this.#last && now === "") return;
    this.#last = now;
    this.rested(selected);
  }
}

/** The box of the last character of a range, or of its first; of a long one nothing else is measured. */
function edge({ startContainer, startOffset, endContainer, endOffset }: Range, first: boolean): DOMRect {
  const one = document.createRange();
  if (first) {
    const most = startContainer.nodeValue?.length ?? startContainer.childNodes.length;
    one.setStart(startContainer, startOffset);
    one.setEnd(startContainer, Math.min(startOffset + 1, most));
  } else {
    one.setEnd(endContainer, endOffset);
    one.setStart(endContainer, Math.max(0, endOffset - 1));
  }
  return one.getBoundingClientRect();
}

function clamp(range: Range, root: Element): Range {
  const inside = range.cloneRange();
  const whole = document.createRange();
  whole.selectNodeContents(root);
  if (inside.compareBoundaryPoints(inside.START_TO_START, whole) < 0)
    inside.setStart(whole.startContainer, whole.startOffset);
  if (inside.compareBoundaryPoints(inside.END_TO_END, whole) > 0)
    inside.setEnd(whole.endContainer, whole.endOffset);
  return inside;
}

function isBackward(): boolean {
  const selection = document.getSelection();
  if (!selection) return false;
  if (selection.direction) return selection.direction === "backward";
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  if (!anchorNode || !focusNode) return false;
  if (anchorNode === focusNode) return focusOffset < anchorOffset;
  return Boolean(anchorNode.compareDocumentPosition(focusNode) & anchorNode.DOCUMENT_POSITION_PRECEDING);
}
