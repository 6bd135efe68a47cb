/** Threads as people see them, kept up to date record by record. */
import { timeOfCommentId } from "./ids";
import type { Change, Replica } from "./replica";
import {
  type AnchorRecord,
  annotationOfKey,
  commentKey,
  HIDDEN,
  LOCKED,
  reactionKey,
  readAnchor,
  readAnnotation,
  readComment,
  readModeration,
  readName,
  readReactions,
  readState,
  readTombstone,
  type StateRecord,
  type Target,
} from "./schema";

export interface Reaction {
  emoji: string;
  users: string[];
}

export interface Comment {
  aid: string;
  cid: string;
  author: string;
  created: number;
  text: string;
  edited: number;
  parent: string;
  /** Set for a comment that was deleted and keeps its place because others follow it or reply to it. */
  deletedBy: string;
  /** A moderator hid it: others see its place only. */
  hidden: boolean;
  reactions: Reaction[];
}

export interface Thread {
  aid: string;
  author: string;
  created: number;
  /** What it is about now. */
  target: Target;
  /** What it was made on: the same, unless it was attached to other words since. */
  madeOn: Target;
  /** The newest attachment to other words. */
  attached: AnchorRecord | undefined;
  state: StateRecord;
  /** A moderator hid it: others do not see it at all. */
  hidden: boolean;
  /** Only moderators write under it. */
  locked: boolean;
  /** In the order to show them, the opening comment first. */
  comments: Comment[];
  /** Time of the newest comment or edit. */
  latest: number;
}

interface Keys {
  comments: Set<string>;
  reactions: Map<string, Set<string>>;
  tombstones: Set<string>;
}

export class Threads {
  #keys = new Map<string, Keys>();
  #cache = new Map<string, Thread | undefined>();
  #remembered = new Map<string, number>();
  #listeners = new Set<(aids: Set<string>, changes: Change[]) => void>();

  constructor(private readonly replica: Replica) {
    for (const key of replica.keys("a")) this.#of(key);
    for (const key of replica.keys("c")) this.#note({ root: "c", key });
    for (const key of replica.keys("r")) this.#note({ root: "r", key });
    for (const key of replica.keys("d")) this.#note({ root: "d", key });
    replica.onChange((changes) => this.#changed(changes));
  }

  onChange(listener: (aids: Set<string>, changes: Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether this person is shown what moderators hid. */
  get moderates(): boolean {
    return this.#moderates;
  }

  set moderates(moderates: boolean) {
    if (moderates === this.#moderates) return;
    this.#moderates = moderates;
    this.#cache.clear();
    for (const listener of this.#listeners) listener(new Set(this.#keys.keys()), []);
  }
  #moderates = false;

  get(aid: string): Thread | undefined {
    if (!this.#cache.has(aid)) this.#cache.set(aid, this.#build(aid));
    return this.#cache.get(aid);
  }

  /** In the order they were made, which is the same in every replica. */
  all(): Thread[] {
    const threads: Thread[] = [];
    for (const aid of this.#keys.keys()) {
      const thread = this.get(aid);
      if (thread) threads.push(thread);
    }
    return threads.sort((a, b) => a.created - b.created || (a.aid < b.aid ? -1 : 1));
  }

  name(user: string): string {
    return readName(this.replica.get("u", user));
  }

  /** Everybody who ever wrote here: id to name. */
  writers(): Map<string, string> {
    return new Map([...this.replica.keys("u")].map((user) => [user, this.name(user)]));
  }

  #of(aid: string): Keys {
    let keys = this.#keys.get(aid);
    if (!keys) {
      keys = { comments: new Set(), reactions: new Map(), tombstones: new Set() };
      this.#keys.set(aid, keys);
    }
    return keys;
  }

  #note({ root, key }: Pick<Change, "root" | "key">): void {
    const [aid = "", cid = "", user = ""] = key.split("/");
    const keys = this.#of(aid);
    const present = this.replica.get(root, key) !== undefined;
    const mark = (set: Set<string>, id: string) => (present ? set.add(id) : set.delete(id));
    if (root === "c") mark(keys.comments, cid);
    else if (root === "d" && cid) mark(keys.tombstones, cid);
    else if (root === "r") {
      const users = keys.reactions.get(cid) ?? new Set<string>();
      keys.reactions.set(cid, users);
      mark(users, user);
    }
  }

  #changed(changes: Change[]): void {
    const aids = new Set<string>();
    for (const change of changes) {
      if (change.root === "u") {
        // A name may stand in any thread; names change rarely.
        for (const aid of this.#keys.keys()) aids.add(aid);
        continue;
      }
      const aid = annotationOfKey(change.key);
      this.#note(change);
      this.#cache.delete(aid);
      aids.add(aid);
    }
    for (const listener of this.#listeners) listener(aids, changes);
  }

  #build(aid: string): Thread | undefined {
    const annotation = readAnnotation(this.replica.get("a", aid));
    if (!annotation || this.replica.get("d", aid) !== undefined) return undefined;
    const flags = this.moderation(aid).flags;
    const hidden = (flags & HIDDEN) !== 0;
    if (hidden && !this.#moderates) return undefined;
    const attached = readAnchor(this.replica.get("t", aid));
    const keys = this.#of(aid);
    const live: Comment[] = [];
    for (const cid of keys.comments) {
      const record = readComment(this.replica.get("c", commentKey(aid, cid)));
      if (!record || keys.tombstones.has(cid)) continue;
      this.#remembered.set(commentKey(aid, cid), record.created);
      const hidden = (this.moderation(aid, cid).flags & HIDDEN) !== 0;
      const shown = hidden && !this.#moderates ? { ...record, author: "", text: "", edited: 0 } : record;
      const reactions = shown === record ? this.#reactions(aid, cid, keys) : [];
      live.push({ aid, cid, ...shown, deletedBy: "", hidden, reactions });
    }
    if (live.length === 0 && keys.tombstones.size > 0) return undefined;
    const comments = [...live, ...this.#tombstones(aid, keys, live)].sort(inOrder);
    const parents = new Set(live.map((comment) => comment.parent));
    while (comments.at(-1)?.deletedBy && !parents.has((comments.at(-1) as Comment).cid)) comments.pop();
    return {
      aid,
      author: annotation.author,
      created: annotation.created,
      target: attached?.target ?? annotation.target,
      madeOn: annotation.target,
      attached,
      hidden,
      locked: (flags & LOCKED) !== 0,
      state: readState(this.replica.get("s", aid)) ?? { resolved: false, by: "", at: 0 },
      comments,
      latest: live.reduce((latest, c) => Math.max(latest, c.created, c.edited), annotation.created),
    };
  }

  /** What moderators decided about a comment, or with an empty `cid` about the discussion. */
  moderation(aid: string, cid = ""): { flags: number; at: number } {
    return readModeration(this.replica.get("m", cid ? commentKey(aid, cid) : aid));
  }

  #tombstones(aid: string, keys: Keys, live: Comment[]): Comment[] {
    const stones: Comment[] = [];
    for (const cid of keys.tombstones) {
      const stone = readTombstone(this.replica.get("d", commentKey(aid, cid)));
      if (!stone) continue;
      const replies = live.filter((comment) => comment.parent === cid).map((comment) => comment.created - 1);
      const created =
        timeOfCommentId(cid) ??
        this.#remembered.get(commentKey(aid, cid)) ??
        (replies.length > 0 ? Math.min(...replies) : stone.at);
      stones.push({
        aid,
        cid,
        author: "",
        created,
        text: "",
        edited: 0,
        parent: "",
        deletedBy: stone.by || "?",
        hidden: false,
        reactions: [],
      });
    }
    return stones;
  }

  #reactions(aid: string, cid: string, keys: Keys): Reaction[] {
    const users = keys.reactions.get(cid);
    if (!users || users.size === 0) return [];
    const byEmoji = new Map<string, string[]>();
    for (const user of [...users].sort())
      for (const emoji of readReactions(this.replica.get("r", reactionKey(aid, cid, user))))
        byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), user]);
    return [...byEmoji].map(([emoji, by]) => ({ emoji, users: by }));
  }
}

function inOrder(a: Comment, b: Comment): number {
  return a.created - b.created || (a.cid < b.cid ? -1 : 1);
}
