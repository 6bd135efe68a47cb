/** Which annotation lies where: kept for one element, renewed as its content changes. */
import { Finder, type Place, type Quote } from "./anchoring";
import { type Reading, TextMap } from "./text-map";

export interface Mark {
  aid: string;
  place: Place;
  /** Absent for orphans and suggestions that were not looked at. */
  range: Range | undefined;
}

const SLICE_MS = 25;
const QUIET_MS = 120;
const LONGEST_WAIT_MS = 1_000;

export class Marks {
  #map: TextMap;
  #finder: Finder;
  #quotes = new Map<string, Quote>();
  #marks = new Map<string, Mark>();
  #todo = new Set<string>();
  #sorted: Mark[] | null = null;
  #observer: MutationObserver;
  #running = false;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firstMutation = 0;

  constructor(
    readonly root: Element,
    private readonly changed: (aids: ReadonlySet<string>) => void,
    private readonly textChanged: () => void = () => {},
    private readonly reading: Reading = {},
  ) {
    this.#map = new TextMap(root, reading);
    this.#finder = new Finder(this.#map.text);
    this.#observer = new MutationObserver(() => this.#mutated());
    this.#observer.observe(root, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ["hidden"],
    });
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
      .filter((mark) => mark.range !== undefined && mark.place.state !== "unsure")
      .sort((a, b) => a.place.startCp - b.place.startCp || b.place.endCp - a.place.endCp);
    return this.#sorted;
  }

  /** The marks over an offset, the shortest first. */
  over(cp: number): Mark[] {
    return this.placed
      .filter(({ place }) => place.startCp <= cp && cp <= place.endCp)
      .sort((a, b) => a.place.endCp - a.place.startCp - (b.place.endCp - b.place.startCp));
  }

  want(aid: string, quote: Quote): void {
    if (this.#quotes.has(aid)) return;
    this.#quotes.set(aid, quote);
    this.#todo.add(aid);
    this.#run();
  }

  /** Finds one at once. */
  settle(aid: string): void {
    const quote = this.#quotes.get(aid);
    if (!quote || !this.#todo.delete(aid)) return;
    this.#find(aid, quote);
    this.#sorted = null;
    this.changed(new Set([aid]));
  }

  forget(aid: string): void {
    this.#quotes.delete(aid);
    this.#todo.delete(aid);
    this.#sorted = null;
    if (this.#marks.delete(aid)) this.changed(new Set([aid]));
  }

  /** A place found by hand, or the one that was suggested, for this view. */
  suggestion(aid: string): Range | undefined {
    const place = this.#marks.get(aid)?.place;
    return place?.state === "unsure" ? this.#map.range(place.startCp, place.endCp) : undefined;
  }

  /** Where a quote stands that is nobody's annotation yet. */
  locate(quote: Quote): Range | undefined {
    const map = this.map;
    return map.text === "" ? undefined : this.#range(this.#finder.place(quote));
  }

  close(): void {
    this.#closed = true;
    this.#observer.disconnect();
    clearTimeout(this.#timer);
  }

  #mutated(): void {
    const now = performance.now();
    this.#firstMutation ||= now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(QUIET_MS, this.#firstMutation + LONGEST_WAIT_MS - now));
    this.#timer = setTimeout(() => this.#renew(), wait);
  }

  #flushMutations(): void {
    if (this.#observer.takeRecords().length > 0 || this.#firstMutation) this.#renew();
  }

  #renew(): void {
    clearTimeout(this.#timer);
    this.#firstMutation = 0;
    const before = this.#map.text;
    this.#map = new TextMap(this.root, this.reading);
    if (this.#map.text === before) {
      // The same words in other nodes: places hold, ranges do not.
      for (const mark of this.#marks.values()) mark.range = this.#range(mark.place);
      this.#sorted = null;
      this.changed(new Set(this.#marks.keys()));
      return;
    }
    this.#finder = new Finder(this.#map.text);
    this.#todo = new Set(this.#quotes.keys());
    this.textChanged();
    this.#run();
  }

  #range(place: Place): Range | undefined {
    if (place.state === "orphaned" || place.state === "unsure") return undefined;
    return this.#map.range(place.startCp, place.endCp);
  }

  #find(aid: string, quote: Quote): void {
    const place = this.#finder.place(quote);
    this.#marks.set(aid, { aid, place, range: this.#range(place) });
  }

  /** Finds places in slices, so that typing and scrolling stay smooth while thousands are looked for. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await Promise.resolve();
    while (this.#todo.size > 0 && !this.#closed) {
      const until = performance.now() + SLICE_MS;
      const found = new Set<string>();
      for (const aid of this.#todo) {
        this.#todo.delete(aid);
        const quote = this.#quotes.get(aid);
        if (!quote) continue;
        this.#find(aid, quote);
        found.add(aid);
        if (performance.now() > until) break;
      }
      this.#sorted = null;
      this.changed(found);
      if (this.#todo.size > 0) await new Promise((resolve) => setTimeout(resolve));
    }
    this.#running = false;
  }
}
