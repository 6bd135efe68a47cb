/**
 * A stretch of text that is read as one: a whole page, or a part of it such as a cell, whose text does not depend
 * on what stands around it. Offsets count from its start, in UTF-16 units.
 */
import { below } from "./code-points";
import { isUntilFound } from "./disclosing";

const SKIPPED = new Set(
  "script style noscript template textarea select input button iframe object audio video canvas head title".split(
    " ",
  ),
);
const BLOCKS = new Set(
  (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure " +
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre section summary table tbody " +
    "td tfoot th thead tr ul"
  ).split(" "),
);

/**
 * Text of which the document shows only a part, such as an editor's that draws no line out of sight. Its host
 * knows all of it, and where it is drawn.
 */
export interface Foreign {
  readonly text: string;
  /** What it is in, for a part that is not in the document. */
  readonly box?: Element;
  /**
   * Where an offset, in UTF-16 units, is drawn: while it is not, what is drawn first behind it, or as an end last
   * before it; undefined if nothing is.
   */
  position(u16: number, end: boolean): { node: Node; offset: number } | undefined;
  /** The offset of a DOM position; undefined for one that lies outside. */
  offset(node: Node, offset: number): number | undefined;
}

/** How a host reads its element; a plain page needs none of it. */
export interface Reading {
  /**
   * What the element's text is made of, in order: elements, or text that may not be in the document. An element is
   * read again only when something in it has changed.
   */
  parts?(): Iterable<Element | Foreign>;
  /** Hears the text of a part that is an element, each time it is read. */
  read?(part: Element, text: string): void;
  /** What stands for an element: another text; null for none; undefined for its own. */
  instead?(element: HTMLElement): Foreign | null | undefined;
}

export interface Piece {
  node: Text;
  /** Offset of the piece in the section. */
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

export class Section {
  readonly text: string;
  /** The pieces that are in the document. */
  readonly own: Piece[] = [];
  readonly #pieces: (Piece | ForeignPiece)[] = [];
  readonly #foreign: ForeignPiece[] = [];
  readonly #starts: number[] = [];
  readonly #byNode = new Map<Node, Piece>();

  constructor(
    readonly from: Element | Foreign,
    reading: Reading,
    root?: Element,
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
      if (node.nodeType === node.TEXT_NODE) {
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
        this.own.push(piece);
        this.#starts.push(length);
        this.#byNode.set(node, piece);
        if (text === "") return;
        add(text);
        afterSpace = /\s$/.test(text);
        return;
      }
      if (node.nodeType !== node.ELEMENT_NODE) return;
      const element = node as HTMLElement;
      if (element.localName === "br") {
        breakLine();
        return;
      }
      if (isSkipped(element)) return;
      const instead = reading.instead?.(element);
      if (instead) append(instead);
      if (instead !== undefined) return;
      const block = BLOCKS.has(element.localName);
      const pre = preformatted || element.localName === "pre";
      if (block) breakLine();
      for (let child = node.firstChild; child; child = child.nextSibling) visit(child, pre);
      if (block) breakLine();
    };
    if (from === root) {
      for (let child = root.firstChild; child; child = child.nextSibling)
        visit(child, root.closest("pre") !== null);
    } else if (from instanceof Element) visit(from, false);
    else append(from as Foreign);
    this.text = parts.join("");
  }

  /** The element that it is, or is in. */
  get box(): Element | undefined {
    return boxOf(this.from);
  }

  /** Where its last text ends. */
  get end(): number {
    return this.#pieces.at(-1)?.end ?? 0;
  }

  /** The offset of a DOM position; undefined for one between the texts, or outside. */
  offset(node: Node, offset: number): number | undefined {
    for (const { foreign, start, end } of this.#foreign) {
      const inside = foreign.offset(node, offset);
      if (inside !== undefined) return Math.min(start + inside, end);
    }
    const piece = this.#byNode.get(node);
    if (!piece) return undefined;
    if (!piece.folded) return piece.start + Math.min(offset, piece.end - piece.start);
    return piece.start + fold(piece.node.data.slice(0, offset), piece.afterSpace).length;
  }

  /** Where an offset is drawn; as an end it belongs to what is before it. */
  position(u16: number, end: boolean): { node: Node; offset: number } | undefined {
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
    if ("foreign" in piece) return piece.foreign.position(wanted, end);
    return { node: piece.node, offset: piece.folded ? unfold(piece, wanted) : wanted };
  }
}

export const boxOf = (part: Element | Foreign): Element | undefined =>
  part instanceof Element ? part : part.box;

/** Whether what is in an element is nobody's text. */
export function isSkipped(element: HTMLElement): boolean {
  return (
    SKIPPED.has(element.localName) ||
    element.namespaceURI !== "http://www.w3.org/1999/xhtml" ||
    (Boolean(element.hidden) && !isUntilFound(element)) ||
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
