/** A set of short texts that this browser remembers, the oldest of which give way. */
import { write } from "../sync/storage";

export class KeptSet {
  #members: Set<string>;
  /** As it was written or read last. */
  #text: string | null = null;

  constructor(
    private readonly key: string,
    private readonly most: number,
    private readonly storage: Storage | null,
  ) {
    this.#members = this.#load();
  }

  get members(): ReadonlySet<string> {
    return this.#members;
  }

  add(...members: string[]): void {
    for (const member of members) this.#members.add(member);
    while (this.#members.size > this.most)
      this.#members.delete(this.#members.values().next().value as string);
    this.#save();
  }

  /** True if that changes anything. */
  delete(...members: string[]): boolean {
    const gone = members.filter((member) => this.#members.delete(member));
    if (gone.length > 0) this.#save();
    return gone.length > 0;
  }

  /** Somebody changed it: another tab, or another widget of the page. True if it is different now. */
  reread(key: string): boolean {
    if (key !== this.key || this.storage?.getItem(key) === this.#text) return false;
    this.#members = this.#load();
    return true;
  }

  #load(): Set<string> {
    this.#text = this.storage?.getItem(this.key) ?? null;
    try {
      return new Set(JSON.parse(this.#text ?? "[]") as string[]);
    } catch {
      return new Set();
    }
  }

  /** Where storage is full or forbidden it is remembered as long as the page. */
  #save(): void {
    this.#text = this.#members.size === 0 ? null : JSON.stringify([...this.#members]);
    write(this.storage, this.key, this.#text);
  }
}
