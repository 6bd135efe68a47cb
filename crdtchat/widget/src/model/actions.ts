/** What people do, as operations. */
import { newAnnotationId, newBroadcastId, newCommentId, uuidText } from "./ids";
import type { Intent, Operation } from "./intents";
import {
  anchorValue,
  annotationValue,
  commentKey,
  commentValue,
  moderationValue,
  reactionKey,
  stateValue,
  type Target,
  tombstoneValue,
} from "./schema";
import type { Comment, Thread } from "./threads";

export class Actions {
  constructor(
    private readonly user: string,
    private readonly now: () => number,
  ) {}

  annotate(target: Target, text: string): Operation & { aid: string } {
    const at = this.now();
    const aid = newAnnotationId();
    return {
      aid,
      ...this.#operation(at, [
        { root: "a", key: aid, value: annotationValue(this.user, at, target) },
        this.#comment(aid, newCommentId(at), at, text, ""),
      ]),
    };
  }

  /** `seen` is the time of what is answered: an answer never stands before it. */
  reply(aid: string, text: string, parent = "", seen = 0): Operation {
    const at = this.#after(seen);
    return this.#operation(at, [this.#comment(aid, newCommentId(at), at, text, parent)]);
  }

  edit(comment: Comment, text: string): Operation {
    const { aid, cid, author, created, parent } = comment;
    const at = this.#after(comment.edited);
    const value = commentValue({ author, created, text, edited: at, parent });
    return this.#operation(at, [{ root: "c", key: commentKey(aid, cid), value }]);
  }

  resolve({ aid, state }: Thread, resolved: boolean): Operation {
    const at = this.#after(state.at);
    return this.#operation(at, [{ root: "s", key: aid, value: stateValue(resolved, this.user, at) }]);
  }

  /** Other words for a discussion to be about. */
  reattach({ aid, attached }: Thread, target: Target): Operation {
    const at = this.#after(attached?.at ?? 0);
    const value = anchorValue({ by: this.user, at, target, followed: false });
    return this.#operation(at, [{ root: "t", key: aid, value }]);
  }

  /** What the words of discussions have become, where they were found for sure. */
  follow(found: readonly (readonly [Thread, Target])[]): Operation {
    const at = this.now();
    const intents = found.map(([{ aid, attached }, target]): Intent => {
      const record = { by: this.user, at: this.#after(attached?.at ?? 0), target, followed: true };
      return { root: "t", key: aid, value: anchorValue(record) };
    });
    return this.#operation(at, intents);
  }

  /** Hides or locks, or takes that back; an empty `cid` is the whole discussion. */
  moderate(aid: string, cid: string, flags: number, seen: number): Operation {
    const at = this.#after(seen);
    const key = cid ? commentKey(aid, cid) : aid;
    return this.#operation(at, [{ root: "m", key, value: moderationValue(flags, this.user, at) }]);
  }

  react(comment: Comment, emoji: string): Operation {
    const mine = comment.reactions.filter((r) => r.users.includes(this.user)).map((r) => r.emoji);
    const next = mine.includes(emoji) ? mine.filter((one) => one !== emoji) : [...mine, emoji];
    const key = reactionKey(comment.aid, comment.cid, this.user);
    const value = next.length > 0 ? next.join(" ") : null;
    return this.#operation(this.now(), [{ root: "r", key, value }]);
  }

  deleteComment(aid: string, cid: string): Operation {
    const at = this.now();
    return this.#operation(at, [
      { root: "d", key: commentKey(aid, cid), value: tombstoneValue(this.user, at) },
    ]);
  }

  deleteThread(aid: string): Operation {
    const at = this.now();
    return this.#operation(at, [{ root: "d", key: aid, value: tombstoneValue(this.user, at) }]);
  }

  /**
   * Later than what was seen: what somebody changes knowingly must not lose to a clock that is ahead. What
   * is too far ahead for the server is dated anew when it is sent.
   */
  #after(seen: number): number {
    return Math.max(this.now(), seen + 1);
  }

  #comment(aid: string, cid: string, at: number, text: string, parent: string): Intent {
    const value = commentValue({ author: this.user, created: at, text, edited: 0, parent });
    return { root: "c", key: commentKey(aid, cid), value };
  }

  #operation(at: number, intents: Intent[]): Operation {
    return { broadcastId: uuidText(newBroadcastId()), user: this.user, at, intents };
  }
}
