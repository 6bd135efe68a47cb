/**
 * What came from others and was not looked at yet: keys "aid/cid". Told by arrival and not by date, because
 * what was written offline arrives late with an old date.
 */
import type { Change } from "../model/replica";
import type { Comment, Threads } from "../model/threads";
import { KeptSet } from "./kept-set";

const MOST = 2_000;
const REMEMBERED = 200;

export class Unread {
  readonly #keys: KeptSet;
  /** What was looked at lately. The copy of the page that a reload begins with may be older than that. */
  readonly #seen: KeptSet;

  constructor(page: string, storage: Storage | null) {
    this.#keys = new KeptSet(`crdtchat:unread:${page}`, MOST, storage);
    this.#seen = new KeptSet(`crdtchat:seen:${page}`, REMEMBERED, storage);
  }

  get size(): number {
    return this.#keys.members.size;
  }

  has(aid: string, cid: string): boolean {
    return this.#keys.members.has(`${aid}/${cid}`);
  }

  of(aid: string): number {
    return this.#of(aid).length;
  }

  add(keys: string[]): void {
    this.#keys.add(...keys.filter((key) => !this.#seen.members.has(key)));
  }

  /** Everything of a thread was seen, or is gone. True if that changes anything. */
  clear(aid: string, cids?: string[]): boolean {
    const keys = (cids?.map((cid) => `${aid}/${cid}`) ?? this.#of(aid)).filter((key) =>
      this.#keys.members.has(key),
    );
    if (keys.length > 0) this.#seen.add(...keys);
    return this.#keys.delete(...keys);
  }

  reread(key: string): boolean {
    return this.#seen.reread(key) || this.#keys.reread(key);
  }

  #of(aid: string): string[] {
    return [...this.#keys.members].filter((key) => key.startsWith(`${aid}/`));
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
