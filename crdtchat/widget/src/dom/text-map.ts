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
import { boxOf, type Piece, type Reading, Section } from "./section";

/** A map made before, and what has changed since. */
interface Before {
  map: TextMap;
  changed: ReadonlySet<Node>;
}

/** A stretch of text that went with its part. */
interface Carried {
  part: Element;
  startCp: number;
  endCp: number;
}

export class TextMap {
  readonly text: string;
  readonly #sections: Section[] = [];
  readonly #starts: number[] = [];
  readonly #byPart = new Map<Node, number>();
  /** The sections that were not taken from the map before. */
  readonly #fresh = new Set<Section>();
  #points: CodePoints | undefined;

  constructor(
    readonly root: Element,
    reading: Reading = {},
    before?: Before,
  ) {
    const texts: string[] = [];
    let length = 0;
    let afterSpace = true;
    const add = (text: string) => {
      texts.push(text);
      length += text.length;
      if (text !== "") afterSpace = /\s$/.test(text);
    };
    for (const part of reading.parts?.() ?? [root]) {
      const box = boxOf(part);
      const known = before && box && !before.changed.has(box) ? before.map.#section(box) : undefined;
      const section = known?.from === part ? known : new Section(part, reading, root);
      if (section !== known) {
        this.#fresh.add(section);
        if (part instanceof Element) reading.read?.(part, section.text);
      }
      if (!afterSpace) add("\n");
      if (box) this.#byPart.set(box, this.#sections.length);
      this.#sections.push(section);
      this.#starts.push(length);
      add(section.text);
    }
    this.text = texts.join("");
  }

  get points(): CodePoints {
    this.#points ??= new CodePoints(this.text);
    return this.#points;
  }

  slice(startCp: number, endCp: number): string {
    return this.text.slice(this.points.toU16(startCp), this.points.toU16(endCp));
  }

  /** The part that a node is in, if the text is made of parts. */
  partOf(node: Node): Node | undefined {
    for (let at: Node | null = node; at; at = at.parentNode) if (this.#byPart.has(at)) return at;
    return undefined;
  }

  /** The part that an offset is in, and the place in its text, in UTF-16 units. */
  within(cp: number): { part: Element | undefined; u16: number } {
    const u16 = this.points.toU16(cp);
    const index = this.#at(u16, false);
    return { part: this.#sections[index]?.box, u16: u16 - (this.#starts[index] ?? 0) };
  }

  /** Whether the parts are others than before, or in another order. */
  isRearranged(before: TextMap): boolean {
    const boxes = [...before.#byPart.keys()];
    return (
      boxes.length !== this.#byPart.size || [...this.#byPart.keys()].some((box, at) => box !== boxes[at])
    );
  }

  /** Where a stretch of the text before is now, if the part that it lay in is here with the same text. */
  carried(before: TextMap, startCp: number, endCp: number): Carried | undefined {
    const [from, to] = [before.points.toU16(startCp), before.points.toU16(endCp)];
    const index = before.#at(from, false);
    const section = before.#sections[index];
    const part = section?.box;
    const here = this.#indexOf(part);
    if (!part || here === undefined || index !== before.#at(to, true)) return undefined;
    if (this.#sections[here]?.text !== section?.text) return undefined;
    const shift = (this.#starts[here] as number) - (before.#starts[index] as number);
    return { part, startCp: this.points.toCp(from + shift), endCp: this.points.toCp(to + shift) };
  }

  /** Whether a stretch of text was read anew, so that ranges of it have to be made anew. */
  isFresh(startCp: number, endCp: number): boolean {
    const { points } = this;
    const [from, to] = [this.#at(points.toU16(startCp), false), this.#at(points.toU16(endCp), true)];
    return this.#sections.slice(from, to + 1).some((section) => this.#fresh.has(section));
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

  #indexOf(part: Node | undefined): number | undefined {
    return part && this.#byPart.get(part);
  }

  #section(part: Node | undefined): Section | undefined {
    const index = this.#indexOf(part);
    return index === undefined ? undefined : this.#sections[index];
  }

  #offset(node: Node, offset: number): number {
    const box = this.partOf(node);
    const part = this.#indexOf(box);
    const inside = this.#section(box)?.offset(node, offset);
    if (part !== undefined && inside !== undefined) return (this.#starts[part] as number) + inside;
    const place = node.childNodes[offset] ?? null;
    const before = (other: Node): boolean => {
      if (place)
        return !(place.compareDocumentPosition(other) & node.DOCUMENT_POSITION_FOLLOWING) && other !== place;
      if (node.contains(other)) return true;
      return Boolean(node.compareDocumentPosition(other) & node.DOCUMENT_POSITION_PRECEDING);
    };
    for (let index = part ?? 0; index < this.#sections.length; index++) {
      const { own } = this.#sections[index] as Section;
      if (own.length === 0 || before((own.at(-1) as Piece).node)) continue;
      let low = 0;
      let high = own.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (before((own[middle] as Piece).node)) low = middle + 1;
        else high = middle;
      }
      return (this.#starts[index] as number) + (own[low] as Piece).start;
    }
    return this.text.length;
  }

  /** The section of an offset; as an end it belongs to what is before it. */
  #at(u16: number, end: boolean): number {
    return Math.max(0, below(this.#starts, end ? u16 : u16 + 1) - 1);
  }

  #position(u16: number, end: boolean): { node: Node; offset: number } | undefined {
    let index = this.#at(u16, end);
    const isEmpty = () => this.#sections[index]?.text === "";
    while (index > 0 && isEmpty()) index--;
    const section = this.#sections[index];
    if (!section) return undefined;
    const inside = u16 - (this.#starts[index] as number);
    // A start on the newline between two sections belongs to the next one.
    if (end || inside < section.end) return section.position(inside, end);
    do index++;
    while (isEmpty());
    return this.#sections[index]?.position(0, false);
  }
}
