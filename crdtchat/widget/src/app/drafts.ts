/** Text that was typed and is nobody else's yet. Kept from the first keystroke until it is posted or discarded. */
import type { Target } from "../model/schema";

export interface Draft {
  /** "new", "reply:AID", "edit:AID/CID", or "rejected:BROADCASTID" for what the server gave back. */
  id: string;
  text: string;
  at: number;
  /** Who was typing, or empty if that was not known yet. */
  user: string;
  aid?: string;
  cid?: string;
  parent?: string;
  /** The words a new discussion is to be about. */
  target?: Target;
  /** Why the server did not take it. */
  code?: string;
}

const MOST = 50;

export class Drafts {
  readonly #key: string;
  #drafts: Map<string, Draft>;

  constructor(
    page: string,
    private readonly storage: Storage | null,
  ) {
    this.#key = `crdtchat:drafts:${page}`;
    this.#drafts = this.#load();
  }

  get(id: string): Draft | undefined {
    return this.#drafts.get(id);
  }

  /** A draft of somebody who signed in meanwhile is theirs; one of another known person is not shown. */
  of(user: string): Draft[] {
    return [...this.#drafts.values()]
      .filter(
        (draft) => draft.user === "" || user === "" || draft.user === user || draft.code === "signed-out",
      )
      .sort((a, b) => b.at - a.at);
  }

  put(draft: Draft): void {
    if (draft.text.trim() === "") this.#drafts.delete(draft.id);
    else this.#drafts.set(draft.id, draft);
    const oldest = [...this.#drafts.values()].sort((a, b) => a.at - b.at);
    for (const { id } of oldest.slice(0, Math.max(0, oldest.length - MOST))) this.#drafts.delete(id);
    this.#save();
  }

  remove(id: string): void {
    if (this.#drafts.delete(id)) this.#save();
  }

  /** Another tab typed. True if anything is different now. */
  reread(event: StorageEvent): boolean {
    if (event.key !== this.#key) return false;
    this.#drafts = this.#load();
    return true;
  }

  #load(): Map<string, Draft> {
    try {
      const drafts = JSON.parse(this.storage?.getItem(this.#key) ?? "[]") as Draft[];
      return new Map(drafts.map((draft) => [draft.id, draft]));
    } catch {
      return new Map();
    }
  }

  #save(): void {
    try {
      if (this.#drafts.size === 0) this.storage?.removeItem(this.#key);
      else this.storage?.setItem(this.#key, JSON.stringify([...this.#drafts.values()]));
    } catch {
      // Storage is full or forbidden: the drafts last as long as the page.
    }
  }
}
