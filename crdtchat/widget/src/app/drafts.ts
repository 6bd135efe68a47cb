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
  /** Whether there are drafts that would go with the page, because the browser has no room or may keep nothing. */
  unkept = false;
  readonly #key: string;
  #drafts: Map<string, Draft>;

  /** `told`: `unkept` has changed. */
  constructor(
    page: string,
    private readonly storage: Storage | null,
    private readonly told: () => void,
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
    const unkept = this.#drafts.size > 0 && !this.#stored();
    if (this.#drafts.size === 0) this.storage?.removeItem(this.#key);
    if (unkept === this.unkept) return;
    this.unkept = unkept;
    this.told();
  }

  #stored(): boolean {
    try {
      this.storage?.setItem(this.#key, JSON.stringify([...this.#drafts.values()]));
    } catch {
      return false; // It is full, or the page may not write: the drafts last as long as the page.
    }
    return this.storage !== null;
  }
}
