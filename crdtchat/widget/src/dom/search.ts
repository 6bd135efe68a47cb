/**
 * Looks for quotes in a text, in idle slices, so that typing and scrolling stay smooth while thousands are
 * looked for: first what stands where it stood, then what has to be weighed, then what is in doubt, with the
 * page version that it was seen in as a witness.
 */
import { Finder, type Place, type Quote } from "./anchoring";
import { idle } from "./idle";

export interface SearchEvents {
  quote(aid: string): Quote | undefined;
  found(places: ReadonlyMap<string, Place>): void;
}

/** On a page that changes all the time the search rests as long as it worked, but no longer than this. */
const LONGEST_REST_MS = 2_000;

export class Search {
  /** By `performance.now`. */
  restUntil = 0;
  #finder: Finder;
  #todo = new Set<string>();
  #hard = new Set<string>();
  /** By page version. */
  #doubts = new Map<string, Set<string>>();
  /** Texts of page versions that wait for their turn, and null for those that cannot be had. */
  #recalled = new Map<string, string | null>();
  #asked = new Set<string>();
  #steps: Iterator<unknown> | null = null;
  #running = false;
  #closed = false;

  constructor(
    text: string,
    private readonly recall: (version: string) => Promise<string | null>,
    private readonly events: SearchEvents,
  ) {
    this.#finder = new Finder(text);
  }

  add(aid: string): void {
    this.#todo.add(aid);
    void this.#run();
  }

  /** Another text: nothing that was found so far holds. */
  restart(text: string): void {
    this.#finder = new Finder(text);
    this.#steps = null;
    this.#hard.clear();
    this.#doubts.clear();
  }

  /** Finds one of those that are waited for at once. */
  now(aid: string): void {
    if (!this.#todo.delete(aid) && !this.#hard.delete(aid)) return;
    const place = this.#find(aid);
    if (place) this.events.found(new Map([[aid, place]]));
  }

  place(quote: Quote): Place {
    return this.#finder.place(quote);
  }

  recallAgain(): void {
    for (const [version, text] of this.#recalled) if (text === null) this.#recalled.delete(version);
    void this.#run();
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    let worked = 0;
    while (!this.#closed) {
      const until = await idle();
      const from = performance.now();
      const more = !this.#closed && this.#work(until);
      worked += performance.now() - from;
      if (!more) break;
    }
    this.restUntil = performance.now() + Math.min(worked, LONGEST_REST_MS);
    this.#running = false;
  }

  /** One slice; true if there is more to do. */
  #work(until: number): boolean {
    const found = new Map<string, Place>();
    let more = true;
    do {
      const [aid] = this.#todo;
      if (this.#steps) this.#steps = this.#steps.next().done ? null : this.#steps;
      else if (aid === undefined) more = this.#goOn();
      else if (this.#finder.isQuick(this.events.quote(aid))) {
        this.#todo.delete(aid);
        const place = this.#find(aid);
        if (place) found.set(aid, place);
      } else {
        this.#todo.delete(aid);
        this.#hard.add(aid);
      }
    } while (more && performance.now() < until);
    if (found.size > 0) this.events.found(found);
    return more;
  }

  /** The easy ones are done: prepares for the next ones. False if there are none. */
  #goOn(): boolean {
    if (this.#hard.size > 0) {
      this.#steps = this.#finder.prepare();
      this.#todo = this.#hard;
      this.#hard = new Set();
      return true;
    }
    for (const [version, aids] of this.#doubts) {
      const text = this.#recalled.get(version);
      if (text === undefined) this.#ask(version);
      if (!text) continue;
      this.#recalled.delete(version);
      this.#doubts.delete(version);
      this.#steps = this.#finder.call(version, text);
      this.#todo = aids;
      return true;
    }
    return false;
  }

  #ask(version: string): void {
    if (this.#asked.has(version)) return;
    this.#asked.add(version);
    void this.recall(version).then((text) => {
      this.#asked.delete(version);
      this.#recalled.set(version, text);
      void this.#run();
    });
  }

  #find(aid: string): Place | undefined {
    const quote = this.events.quote(aid);
    if (!quote) return undefined;
    const place = this.#finder.place(quote);
    const { version } = quote;
    if (place.score < 1 && version && !this.#finder.hears(version)) {
      const doubts = this.#doubts.get(version) ?? new Set();
      this.#doubts.set(version, doubts.add(aid));
    }
    return place;
  }
}
