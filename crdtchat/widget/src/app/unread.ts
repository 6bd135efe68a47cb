/**
 * What came from others and was not looked at yet: keys "aid/cid". Told by arrival and not by date, because
 * what was written offline arrives late with an old date.
 */
import type { Change } from "../model/replica";
import type { Comment, Threads } from "../model/threads";
import { KeptSet } from "./kept-set";

const MOST = 2_000;

export class Unread {
  readonly #keys: KeptSet;

  constructor(page: string, storage: Storage | null) {
    this.#keys = new KeptSet(`crdtchat:unread:${page}`, MOST, storage);
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
    this.#keys.add(...keys);
  }

  /** Everything of a thread was seen, or is gone. True if that changes anything. */
  clear(aid: string, cids?: string[]): boolean {
    return this.#keys.delete(...(cids?.map((cid) => `${aid}/${cid}`) ?? this.#of(aid)));
  }

  reread(event: StorageEvent): boolean {
    return this.#keys.reread(event);
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
