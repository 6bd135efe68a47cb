/**
 * The text of an element as people read it, and the way between its offsets and the DOM.
 *
 * White space is collapsed as HTML does, so that re-indented markup is the same text; a block or a line break
 * stands for one newline, so that the last word of a heading and the first of its paragraph stay two words.
 * Skipped: what is never text (scripts, styles, form fields, embedded documents) and elements that carry the
 * `hidden` attribute or `data-crdtchat-skip`. What only a style hides is kept, because it comes and goes with
 * the width of the window, and offsets must not.
 */
import { below, CodePoints } from "./code-points";

const SKIPPED = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE TEXTAREA SELECT INPUT BUTTON IFRAME OBJECT AUDIO VIDEO CANVAS HEAD TITLE".split(
    " ",
  ),
);
const BLOCKS = new Set(
  (
    "ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION CENTER DD DETAILS DIALOG DIV DL DT FIELDSET FIGCAPTION FIGURE " +
    "FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HGROUP HR LEGEND LI MAIN MENU NAV OL P PRE SECTION SUMMARY TABLE TBODY " +
    "TD TFOOT TH THEAD TR UL"
  ).split(" "),
);

/**
 * Text of which the document shows only a part, such as an editor's that draws no line out of sight. Its host
 * knows all of it, and where it is drawn.
 */
export interface Foreign {
  readonly text: string;
  /** Where an offset, in UTF-16 units, is drawn; undefined while it is not. */
  position(u16: number): { node: Node; offset: number } | undefined;
  /** The offset of a DOM position; undefined for one that lies outside. */
  offset(node: Node, offset: number): number | undefined;
}

/** How a host reads its element; a plain page needs none of it. */
export interface Reading {
  /** What the element's text is made of, in order: elements, or text that may not be in the document. */
  parts?(): Iterable<Element | Foreign>;
  /** Hears the text of a part that is an element, each time it is read. */
  read?(part: Element, text: string): void;
  /** What stands for an element: another text; null for none; undefined for its own. */
  instead?(element: HTMLElement): Foreign | null | undefined;
}

interface Piece {
  node: Text;
  /** Offset of the piece in the text, in UTF-16 units. */
  start: number;
  end: number;
  /** Text of the node differs from the piece: offsets need a scan. */
  folded: boolean;
  preformatted: boolean;
  /** The text before this piece ends in a space, so leading white space vanishes. */
  afterSpace: boolean;
}

interface ForeignPiece {
  foreign: Foreign;
  start: number;
  end: number;
}

export class TextMap {
  readonly text: string;
  readonly #pieces: (Piece | ForeignPiece)[] = [];
  readonly #foreign: ForeignPiece[] = [];
  readonly #starts: number[] = [];
  readonly #byNode = new Map<Node, Piece>();
  #points: CodePoints | undefined;

  constructor(
    readonly root: Element,
    reading: Reading = {},
  ) {
    const parts: string[] = [];
    let length = 0;
    let afterSpace = true;
    const add = (text: string) => {
      parts.push(text);
      length += text.length;
    };
    const breakLine = () => {
      if (length === 0 || afterSpace) return;
      add("\n");
      afterSpace = true;
    };
    const append = (foreign: Foreign) => {
      breakLine();
      const piece = { foreign, start: length, end: length + foreign.text.length };
      this.#pieces.push(piece);
      this.#starts.push(length);
      this.#foreign.push(piece);
      if (foreign.text !== "") {
        add(foreign.text);
        afterSpace = foreign.text.endsWith("\n");
      }
      breakLine();
    };
    const visit = (node: Node, preformatted: boolean): void => {
      if (node.nodeType === Node.TEXT_NODE) {
        const raw = (node as Text).data;
        if (raw === "") return;
        const text = preformatted ? raw : fold(raw, afterSpace);
        const piece = {
          node: node as Text,
          start: length,
          end: length + text.length,
          folded: text !== raw,
          preformatted,
          afterSpace,
        };
        this.#pieces.push(piece);
        this.#starts.push(length);
        this.#byNode.set(node, piece);
        if (text === "") return;
        add(text);
        afterSpace = /\s$/.test(text);
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE) return;
      const element = node as HTMLElement;
      if (element.tagName === "BR") {
        breakLine();
        return;
      }
      if (isSkipped(element)) return;
      const instead = __CRDTCHAT_HOSTED__ ? reading.instead?.(element) : undefined;
      if (instead) append(instead);
      if (instead !== undefined) return;
      const block = BLOCKS.has(element.tagName);
      const pre = preformatted || element.tagName === "PRE";
      if (block) breakLine();
      for (let child = node.firstChild; child; child = child.nextSibling) visit(child, pre);
      if (block) breakLine();
    };
    if (__CRDTCHAT_HOSTED__ && reading.parts) {
      for (const part of reading.parts()) {
        breakLine();
        const from = parts.length;
        if (!(part instanceof Element)) append(part);
        else {
          visit(part, false);
          reading.read?.(part, parts.slice(from).join(""));
        }
      }
    } else {
      for (let child = root.firstChild; child; child = child.nextSibling)
        visit(child, root.tagName === "PRE" || root.closest("pre") !== null);
    }
    this.text = parts.join("");
  }

  get points(): CodePoints {
    this.#points ??= new CodePoints(this.text);
    return this.#points;
  }

  slice(startCp: number, endCp: number): string {
    return this.text.slice(this.points.toU16(startCp), this.points.toU16(endCp));
  }

  /** The DOM range of a stretch of text, or undefined if none of its text is in the document. */
  range(startCp: number, endCp: number): Range | undefined {
    const from = this.#position(this.points.toU16(startCp), false);
    const to = this.#position(this.points.toU16(endCp), true);
    if (!from || !to) return undefined;
    const range = document.createRange();
    range.setStart(from.node, from.offset);
    range.setEnd(to.node, to.offset);
    return range.collapsed && endCp > startCp ? undefined : range;
  }

  /** The offset, in code points, of a DOM position; positions between texts count as the next text's start. */
  offset(node: Node, offset: number): number {
    return this.points.toCp(this.#offset(node, offset));
  }

  #offset(node: Node, offset: number): number {
    for (const { foreign, start, end } of __CRDTCHAT_HOSTED__ ? this.#foreign : []) {
      const inside = foreign.offset(node, offset);
      if (inside !== undefined) return Math.min(start + inside, end);
    }
    const piece = this.#byNode.get(node);
    if (piece) {
      if (!piece.folded) return piece.start + Math.min(offset, piece.end - piece.start);
      return piece.start + fold(piece.node.data.slice(0, offset), piece.afterSpace).length;
    }
    const place = node.childNodes[offset] ?? null;
    const before = (other: Node): boolean => {
      if (place)
        return !(place.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) && other !== place;
      if (node.contains(other)) return true;
      return Boolean(node.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING);
    };
    const own = this.#own;
    let low = 0;
    let high = own.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before((own[middle] as Piece).node)) low = middle + 1;
      else high = middle;
    }
    return own[low]?.start ?? this.text.length;
  }

  /** The pieces that are in the document. */
  get #own(): Piece[] {
    const own =
      __CRDTCHAT_HOSTED__ && this.#foreign.length > 0
        ? this.#pieces.filter((piece) => "node" in piece)
        : this.#pieces;
    return own as Piece[];
  }

  #position(u16: number, end: boolean): { node: Node; offset: number } | undefined {
    // The last piece that starts before (an end) or at (a start) the offset and is not empty.
    let index = below(this.#starts, end ? u16 : u16 + 1) - 1;
    const isEmpty = (piece: Piece | ForeignPiece | undefined) => piece && piece.start === piece.end;
    while (index > 0 && isEmpty(this.#pieces[index])) index--;
    let piece = this.#pieces[Math.max(index, 0)];
    // A start on the newline between two blocks belongs to the next text.
    if (piece && !end && u16 >= piece.end) {
      do piece = this.#pieces[++index];
      while (isEmpty(piece));
    }
    if (!piece) return undefined;
    const wanted = Math.max(0, Math.min(u16, piece.end) - piece.start);
    if ("foreign" in piece) return piece.foreign.position(wanted);
    return { node: piece.node, offset: piece.folded ? unfold(piece, wanted) : wanted };
  }
}

function isSkipped(element: HTMLElement): boolean {
  return (
    SKIPPED.has(element.tagName) ||
    element.namespaceURI !== "http://www.w3.org/1999/xhtml" ||
    Boolean(element.hidden) ||
    element.hasAttribute("data-crdtchat-skip") ||
    element.localName.startsWith("crdtchat-")
  );
}

function fold(raw: string, afterSpace: boolean): string {
  const text = raw.replace(/[ \t\n\r\f]+/g, " ");
  return afterSpace && text.startsWith(" ") ? text.slice(1) : text;
}

/** Where in the node's own text the given offset of its folded text lies. */
function unfold(piece: Piece, wanted: number): number {
  const raw = piece.node.data;
  let folded = 0;
  let inSpace = piece.afterSpace;
  let i = 0;
  for (; i < raw.length; i++) {
    const space = " \t\n\r\f".includes(raw[i] as string);
    if (space && inSpace) continue;
    if (folded === wanted) break;
    folded++;
    inSpace = space;
  }
  return i;
}
