/**
 * What came from others and was not looked at yet: keys "aid/cid". Told by arrival and not by date, because
 * what was written offline arrives late with an old date.
 */
import type { Change } from "../model/replica";
import type { Comment, Threads } from "../model/threads";

const MOST = 2_000;

export class Unread {
  readonly #key: string;
  #keys: Set<string>;

  constructor(
    page: string,
    private readonly storage: Storage | null,
  ) {
    this.#key = `crdtchat:unread:${page}`;
    this.#keys = this.#load();
  }

  get size(): number {
    return this.#keys.size;
  }

  has(aid: string, cid: string): boolean {
    return this.#keys.has(`${aid}/${cid}`);
  }

  of(aid: string): number {
    let count = 0;
    for (const key of this.#keys) if (key.startsWith(`${aid}/`)) count++;
    return count;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
    while (this.#keys.size > MOST) this.#keys.delete(this.#keys.values().next().value as string);
    this.#save();
  }

  /** Everything of a thread was seen, or is gone. True if that changes anything. */
  clear(aid: string, cids?: Iterable<string>): boolean {
    const before = this.#keys.size;
    if (cids) for (const cid of cids) this.#keys.delete(`${aid}/${cid}`);
    else for (const key of [...this.#keys]) if (key.startsWith(`${aid}/`)) this.#keys.delete(key);
    if (this.#keys.size === before) return false;
    this.#save();
    return true;
  }

  reread(event: StorageEvent): boolean {
    if (event.key !== this.#key) return false;
    this.#keys = this.#load();
    return true;
  }

  #load(): Set<string> {
    try {
      return new Set(JSON.parse(this.storage?.getItem(this.#key) ?? "[]") as string[]);
    } catch {
      return new Set();
    }
  }

  #save(): void {
    try {
      if (this.#keys.size === 0) this.storage?.removeItem(this.#key);
      else this.storage?.setItem(this.#key, JSON.stringify([...this.#keys]));
    } catch {
      // Storage is full or forbidden: the marks last as long as the page.
    }
  }
}

/** The comments of others among the changes. */
export function arrivals(changes: readonly Change[], threads: Threads, me: string): Comment[] {
  const arrived: Comment[] = [];
  for (const { root, key, remote, added } of changes) {
    if (root !== "c" || !remote || !added) continue;
    const [aid = "", cid] = key.split("/");
    const comment = threads.get(aid)?.comments.find((one) => one.cid === cid);
    if (comment && comment.author !== me) arrived.push(comment);
  }
  return arrived;
}
