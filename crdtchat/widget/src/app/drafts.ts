/**
 * Text that was typed and is nobody else's yet. Kept from the first keystroke until it is posted or discarded.
 *
 * Several people may use one browser: nobody is shown what somebody else typed who had signed in. What a guest typed
 * is whose who signs in then.
 */
import { isGuest, type Target } from "../model/schema";
import { write } from "../sync/storage";
import type { Person } from "./mentions";

export interface Draft {
  /** "new:PLACE", "reply:AID", "edit:AID/CID", or "rejected:BROADCASTID" for what the server gave back. */
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
  /** Who is meant by the names in it: several may have one. */
  people?: readonly Person[];
  /** Why the server did not take it. */
  code?: string;
}

type Begun = Draft & { target: Target };

const MOST = 50;
const NEW = "new:";

/** Of a new discussion: each place has a draft of its own. */
export function placeId({ kind, part, startCp, endCp, exact }: Target): string {
  return NEW + JSON.stringify([kind, part, startCp, endCp, exact.slice(0, 40)]);
}

export class Drafts {
  /** Whether there are drafts that would go with the page, because the browser has no room or may keep nothing. */
  unkept = false;
  readonly #key: string;
  #drafts: Draft[];
  /** As they were written or read last. */
  #text: string | null = null;

  /** `user`: who is here, or empty; `told`: `unkept` has changed. */
  constructor(
    page: string,
    private readonly storage: Storage | null,
    private readonly user: () => string,
    private readonly told: () => void,
  ) {
    this.#key = `crdtchat:drafts:${page}`;
    this.#drafts = this.#load();
  }

  get(id: string): Draft | undefined {
    return this.all().find((draft) => draft.id === id);
  }

  /**
   * Of who is here, the newest first. One's own and what was typed in the same place before it was known who that is
   * are one draft, so that neither is lost to the other.
   */
  all(): Draft[] {
    const drafts = new Map<string, Draft>();
    for (const draft of this.#visible().sort((a, b) => a.at - b.at)) {
      const older = drafts.get(draft.id);
      drafts.set(draft.id, older ? { ...draft, text: `${older.text}\n\n${draft.text}` } : draft);
    }
    return [...drafts.values()].sort((a, b) => b.at - a.at);
  }

  /** What was begun as a new discussion, the newest first. */
  begun(): Begun[] {
    return this.all().filter(
      (draft): draft is Begun => draft.id.startsWith(NEW) && draft.target !== undefined,
    );
  }

  put(draft: Draft): void {
    this.#drop(draft.id);
    if (draft.text.trim() !== "") this.#drafts.push(draft);
    this.#drafts.sort((a, b) => a.at - b.at).splice(0, this.#drafts.length - MOST);
    this.#save();
  }

  remove(id: string): void {
    if (this.#drop(id)) this.#save();
  }

  /** Somebody typed elsewhere: in another tab, or another widget of the page. True if anything is different now. */
  reread(key: string): boolean {
    if (key !== this.#key || this.storage?.getItem(key) === this.#text) return false;
    this.#drafts = this.#load();
    return true;
  }

  #visible(): Draft[] {
    const user = this.user();
    return this.#drafts.filter((draft) => draft.user === user || isAnybodys(draft));
  }

  /** True if there was one. */
  #drop(id: string): boolean {
    const mine = new Set(this.#visible().filter((draft) => draft.id === id));
    this.#drafts = this.#drafts.filter((draft) => !mine.has(draft));
    return mine.size > 0;
  }

  #load(): Draft[] {
    this.#text = this.storage?.getItem(this.#key) ?? null;
    try {
      const drafts = JSON.parse(this.#text ?? "[]") as Draft[];
      return drafts.filter(({ id }) => typeof id === "string");
    } catch {
      return [];
    }
  }

  /** What the browser has no room for, or may not write, lasts as long as the page. */
  #save(): void {
    this.#text = this.#drafts.length === 0 ? null : JSON.stringify(this.#drafts);
    const unkept = !write(this.storage, this.#key, this.#text) && this.#drafts.length > 0;
    if (unkept === this.unkept) return;
    this.unkept = unkept;
    this.told();
  }
}

/** Typed by somebody who had not signed in, or was signed out. */
function isAnybodys({ user, code }: Draft): boolean {
  return user === "" || isGuest(user) || code === "signed-out";
}
