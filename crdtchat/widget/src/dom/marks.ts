/** Which annotation lies where: kept for one element, renewed as its content changes. */
import type { Place, Quote } from "./anchoring";
import { Edit } from "./edits";
import { above } from "./flat-tree";
import { Search } from "./search";
import { isSkipped, type Reading } from "./section";
import { TextMap } from "./text-map";

export interface Mark {
  aid: string;
  place: Place;
  /** Absent for orphans and suggestions that were not looked at. */
  range: Range | undefined;
}

export interface MarksEvents {
  changed(aids: ReadonlySet<string>): void;
  textChanged(): void;
  /** The text of an earlier page version, or null if it cannot be had. */
  recall(version: string): Promise<string | null>;
  /** Whether somebody found that these words are not the ones. */
  declined(aid: string, words: string): boolean;
  /** The part that the host says these words are in, and where in it, in code points. */
  home(aid: string): { part: Element; startCp: number } | undefined;
  /** Whether an annotation can be about words that stand there: one of an output is not about the code. */
  suits(aid: string, range: Range): boolean;
  /** The part that an annotation is about as a whole. */
  whole(aid: string): Element | undefined;
}

/** What became of the text. */
interface Change {
  before: TextMap;
  /** Null if it reads as before. */
  edit: Edit | null;
  /** Parts of it came, went or changed places. */
  rearranged: boolean;
}

const QUIET_MS = 120;
const LONGEST_WAIT_MS = 1_000;

export class Marks {
  #map: TextMap;
  #quotes = new Map<string, Quote>();
  #marks = new Map<string, Mark>();
  readonly #search: Search;
  #sorted: Mark[] | null = null;
  #observer: MutationObserver;
  /** Of what the element is in. */
  readonly #around = new MutationObserver((records) => this.#moved(records));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firstMutation = 0;
  /** The parts of the text that have changed since it was read. */
  readonly #changed = new Set<Node>();

  constructor(
    readonly root: Element,
    private readonly events: MarksEvents,
    private readonly reading: Reading = {},
  ) {
    this.#map = new TextMap(root, reading);
    this.#search = new Search(this.#map.text, (version) => events.recall(version), {
      quote: (aid) => this.#quotes.get(aid),
      found: (places) => this.#found(places),
    });
    this.#observer = new MutationObserver((records) => this.#mutated(records));
    this.#observer.observe(root, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ["hidden"],
    });
    this.#follow();
  }

  get map(): TextMap {
    this.#flushMutations();
    return this.#map;
  }

  get(aid: string): Mark | undefined {
    return this.#marks.get(aid);
  }

  /** Marks that stand in the text, in its order. */
  get placed(): readonly Mark[] {
    this.#sorted ??= [...this.#marks.values()]
      .filter((mark) => mark.range !== undefined)
      .sort((a, b) => a.place.startCp - b.place.startCp || b.place.endCp - a.place.endCp);
    return this.#sorted;
  }

  /** The marks over an offset, the shortest first. */
  over(cp: number): Mark[] {
    return this.placed
      .filter(({ place }) => !place.whole && place.startCp <= cp && cp <= place.endCp)
      .sort((a, b) => a.place.endCp - a.place.startCp - (b.place.endCp - b.place.startCp));
  }

  want(aid: string, quote: Quote): void {
    const known = this.#quotes.get(aid);
    if (known && sameQuote(known, quote)) return;
    this.#quotes.set(aid, quote);
    const home = this.#home(aid, quote);
    if (home) this.#found(new Map([[aid, home]]));
    else this.#search.add(aid);
  }

  /** Finds one at once. */
  settle(aid: string): void {
    this.#search.now(aid);
  }

  forget(aid: string): void {
    this.#quotes.delete(aid);
    if (this.#marks.delete(aid)) this.#tell(new Set([aid]));
  }

  /** The place that is suggested for words that were not found for sure. */
  suggestion(aid: string): Range | undefined {
    const place = this.#marks.get(aid)?.place;
    return place?.state === "unsure" ? this.#map.range(place.startCp, place.endCp) : undefined;
  }

  /** Where the words of an orphan probably were. */
  near(aid: string): Range | undefined {
    const place = this.#marks.get(aid)?.place;
    return place && place.endCp > 0 ? this.#map.range(place.startCp, place.endCp) : undefined;
  }

  /** What was suggested was declined. */
  decline(aid: string): void {
    const mark = this.#marks.get(aid);
    if (mark?.place.state === "unsure") this.#found(new Map([[aid, mark.place]]));
  }

  /** What stands at the place of an annotation now, or at the one suggested for it. */
  words(aid: string): string {
    const place = this.#marks.get(aid)?.place;
    return place ? this.#words(place) : "";
  }

  #words({ startCp, endCp }: Place): string {
    return this.#map.slice(startCp, endCp);
  }

  /** Where a quote stands that is nobody's annotation yet. */
  locate(quote: Quote): Range | undefined {
    const map = this.map;
    return map.text === "" ? undefined : this.#range(this.#search.place(quote));
  }

  /** Asks again for the texts of earlier page versions that could not be had. */
  recallAgain(): void {
    this.#search.recallAgain();
  }

  close(): void {
    this.#search.close();
    this.#observer.disconnect();
    this.#around.disconnect();
    clearTimeout(this.#timer);
  }

  /** The element was out of the document, as while it is moved: no range in it outlives that. */
  restore(): void {
    this.#follow();
    for (const mark of this.#marks.values()) mark.range = this.#range(mark.place);
    this.#tell(new Set(this.#marks.keys()));
  }

  #follow(): void {
    for (let at = above(this.root); at; at = above(at)) this.#around.observe(at, { childList: true });
  }

  #moved(records: MutationRecord[]): void {
    const isAround = (node: Node) => node.contains(this.root);
    if (records.some(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes].some(isAround)))
      this.restore();
  }

  #mutated(records: MutationRecord[]): void {
    if (!this.#note(records)) return;
    const now = performance.now();
    this.#firstMutation ||= now;
    clearTimeout(this.#timer);
    const due = Math.max(now + QUIET_MS, this.#search.restUntil);
    const latest = Math.max(this.#firstMutation + LONGEST_WAIT_MS, this.#search.restUntil);
    this.#timer = setTimeout(() => this.#renew(), Math.max(0, Math.min(due, latest) - now));
  }

  #flushMutations(): void {
    if (this.#note(this.#observer.takeRecords()) || this.#firstMutation) this.#renew();
  }

  /** True if the text may have changed. */
  #note(records: MutationRecord[]): boolean {
    const telling = records.filter(changesText);
    for (const { target, addedNodes } of telling) {
      const part = this.#map.partOf(target);
      if (part) this.#changed.add(part);
      // What was away may have changed there.
      for (const node of addedNodes) this.#changed.add(node);
    }
    return telling.length > 0;
  }

  #renew(): void {
    clearTimeout(this.#timer);
    this.#firstMutation = 0;
    const before = this.#map;
    this.#map = new TextMap(this.root, this.reading, { map: before, changed: this.#changed });
    this.#changed.clear();
    const edit = this.#map.text === before.text ? null : new Edit(before.text, this.#map.text);
    // Parts that say the same may have changed places: the text does not show it.
    const rearranged = this.#map.isRearranged(before);
    if (edit) this.#search.restart(this.#map.text);
    const change = { before, edit, rearranged };
    const found = new Map<string, Place>();
    const told = new Set<string>();
    for (const [aid, quote] of this.#quotes) {
      const mark = this.#marks.get(aid);
      const holds = this.#holds(aid, quote, mark?.place, change);
      if (!holds) {
        const home = this.#home(aid, quote);
        if (home) found.set(aid, home);
        else this.#search.add(aid);
      }
      // The same words in other nodes: places hold, ranges do not.
      if (!mark || !this.#map.isFresh(mark.place.startCp, mark.place.endCp)) continue;
      if (holds) found.set(aid, mark.place);
      else mark.range = this.#range(mark.place);
      told.add(aid);
    }
    this.#found(found);
    if (edit) this.events.textChanged();
    this.#tell(told);
  }

  /** Whether an annotation has its place after a change; takes the place along. */
  #holds(aid: string, quote: Quote, place: Place | undefined, { before, edit, rearranged }: Change): boolean {
    if (!place) return !edit;
    if (place.whole) return false;
    if (rearranged) {
      const home = this.#home(aid, quote);
      if (home?.whole) return false;
      const carried = place.score < 1 ? undefined : this.#map.carried(before, place.startCp, place.endCp);
      // What strayed into a copy goes back to its own part when that is there again.
      const strayed =
        home && carried && this.#map.partOf(this.events.home(aid)?.part ?? carried.part) !== carried.part;
      if (carried && !strayed) {
        move(place, quote, carried);
        return true;
      }
      if (home) return false;
    }
    return !edit || this.#keep(place, quote, edit, before);
  }

  /** A part that the host knows by an id may have moved with all its words: they are where they were in it. */
  #home(aid: string, { exact, prefix }: Quote): Place | undefined {
    const whole = this.events.whole(aid);
    if (whole) {
      const startCp = this.#map.offset(whole, 0);
      return { state: "exact", score: 1, startCp, endCp: startCp, whole };
    }
    if (exact === "") return { state: "orphaned", score: 0, startCp: 0, endCp: 0 };
    const home = this.events.home(aid);
    if (!home) return undefined;
    const { points, text } = this.#map;
    const part = this.#map.offset(home.part, 0);
    const startCp = part + home.startCp;
    const start = points.toU16(startCp);
    // One short word may be there by chance: what stood before it in its part has to stand there as well.
    const before = Math.min(prefix.length, start - points.toU16(part));
    const words = prefix.slice(prefix.length - before) + exact;
    if (!text.startsWith(words, start - before)) return undefined;
    return { state: "exact", score: 1, startCp, endCp: points.toCp(start + exact.length) };
  }

  /** Takes along what an edit left alone with its neighbours; all else is looked for again. */
  #keep(place: Place, quote: Quote, edit: Edit, before: TextMap): boolean {
    if (place.score < 1) return false;
    const from = before.points.toU16(place.startCp);
    const to = before.points.toU16(place.endCp);
    const shift = edit.moved(from - quote.prefix.length, to + quote.suffix.length);
    if (shift === undefined) return false;
    const { points } = this.#map;
    move(place, quote, { startCp: points.toCp(from + shift), endCp: points.toCp(to + shift) });
    return true;
  }

  #found(places: ReadonlyMap<string, Place>): void {
    for (const [aid, place] of places) {
      if (place.state === "unsure" && this.events.declined(aid, this.#words(place))) place.state = "orphaned";
      let range = this.#range(place);
      if (range && !place.whole && !this.events.suits(aid, range)) {
        Object.assign(place, { state: "orphaned", score: 0 });
        range = undefined;
      }
      this.#marks.set(aid, { aid, place, range });
    }
    this.#tell(new Set(places.keys()));
  }

  #range(place: Place): Range | undefined {
    if (place.whole) return around(place.whole);
    if (place.state === "orphaned" || place.state === "unsure") return undefined;
    return this.#map.range(place.startCp, place.endCp);
  }

  #tell(aids: ReadonlySet<string>): void {
    this.#sorted = null;
    this.events.changed(aids);
  }
}

function move(place: Place, quote: Quote, to: { startCp: number; endCp: number }): void {
  place.startCp = to.startCp;
  place.endCp = to.endCp;
  if (place.state !== "changed") place.state = place.startCp === quote.startCp ? "exact" : "moved";
}

/** What is around an element that is in the document. */
export function around(element: Element): Range | undefined {
  if (!element.isConnected) return undefined;
  const range = document.createRange();
  range.selectNodeContents(element);
  return range;
}

/** Nothing does that happens to what is nobody's text, such as buttons. */
function changesText({ type, target, addedNodes, removedNodes }: MutationRecord): boolean {
  if (type !== "childList") return true;
  const skipped = (node: Node) => node instanceof HTMLElement && isSkipped(node);
  return !skipped(target) && ![...addedNodes, ...removedNodes].every(skipped);
}

function sameQuote(a: Quote, b: Quote): boolean {
  return (
    a.exact === b.exact &&
    a.prefix === b.prefix &&
    a.suffix === b.suffix &&
    a.startCp === b.startCp &&
    a.endCp === b.endCp &&
    a.version === b.version
  );
}
