/** A set of short texts that this browser remembers, the oldest of which give way. */
export class KeptSet {
  #members: Set<string>;

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

  /** Another tab changed it. */
  reread(event: StorageEvent): boolean {
    if (event.key !== this.key) return false;
    this.#members = this.#load();
    return true;
  }

  #load(): Set<string> {
    try {
      return new Set(JSON.parse(this.storage?.getItem(this.key) ?? "[]") as string[]);
    } catch {
      return new Set();
    }
  }

  #save(): void {
    try {
      if (this.#members.size === 0) this.storage?.removeItem(this.key);
      else this.storage?.setItem(this.key, JSON.stringify([...this.#members]));
    } catch {
      // Storage is full or forbidden: it is remembered as long as the page.
    }
  }
}
