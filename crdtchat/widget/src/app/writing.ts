/** What people write, from the interface to the session. */
import { Actions } from "../model/actions";
import type { Operation } from "../model/intents";
import type { Target } from "../model/schema";
import type { Comment } from "../model/threads";
import { encodeMentions, type Person } from "./mentions";
import type { Stage } from "./stage";

/** What stands in a box, and whom its author chose for the names in it. */
export interface Typed {
  text: string;
  people: readonly Person[];
}

export class Writing {
  /** What is to be posted once the server has said who is writing, by the draft that it is kept in meanwhile. */
  readonly #waiting = new Map<string, () => void>();

  constructor(private readonly widget: Stage) {}

  annotate(target: Target, text: Typed, draft: string, done: () => void): void {
    const { widget } = this;
    this.#asAuthor((actions) => {
      const { aid, ...operation } = actions.annotate(target, this.#encode(text));
      this.#submit(operation);
      widget.drafts.remove(draft);
      done();
      widget.canvas.marks.settle(aid);
      // Whoever waited may look at something else by now.
      if (widget.view.value.composing?.target === target) {
        widget.stopComposing();
        widget.open(aid);
      }
      widget.say(widget.speech.text("announceSent"));
    }, draft);
  }

  reply(aid: string, text: Typed, parent: string, done: () => void): void {
    const { widget } = this;
    const draft = `reply:${aid}`;
    this.#asAuthor((actions) => {
      const thread = widget.threads.get(aid);
      const answered = thread?.comments.find(({ cid }) => cid === parent) ?? thread;
      this.#submit(actions.reply(aid, this.#encode(text), parent, answered?.created));
      widget.drafts.remove(draft);
      widget.typing.in(null);
      done();
      widget.say(widget.speech.text("announceSent"));
    }, draft);
  }

  edit(comment: Comment, text: Typed): void {
    this.widget.drafts.remove(`edit:${comment.aid}/${comment.cid}`);
    this.#asAuthor((actions) => this.#submit(actions.edit(comment, this.#encode(text))));
  }

  /** With the last comment of one's own discussion the discussion goes too. */
  remove({ aid, cid }: Comment): void {
    const { widget } = this;
    const thread = widget.threads.get(aid);
    const whole = thread !== undefined && this.isWhole(aid, cid);
    this.#asAuthor((actions) =>
      this.#submit(whole ? actions.deleteThread(aid) : actions.deleteComment(aid, cid)),
    );
    widget.say(widget.speech.text("announceDeleted"));
  }

  isWhole(aid: string, cid: string): boolean {
    const { widget } = this;
    const thread = widget.threads.get(aid);
    if (!thread || (thread.author !== widget.me && !widget.canModerate)) return false;
    return thread.comments.every((comment) => comment.cid === cid || comment.deletedBy !== "");
  }

  resolve(aid: string, resolved: boolean): void {
    const thread = this.widget.threads.get(aid);
    if (!thread) return;
    this.#asAuthor((actions) => this.#submit(actions.resolve(thread, resolved)));
    this.widget.say(this.widget.speech.text(resolved ? "announceResolved" : "announceReopened"));
  }

  /** Turns a flag of a comment, or with an empty `cid` of the discussion. */
  moderate(aid: string, cid: string, flag: number): void {
    const { flags, at } = this.widget.threads.moderation(aid, cid);
    this.#asAuthor((actions) => this.#submit(actions.moderate(aid, cid, flags ^ flag, at)));
  }

  react(comment: Comment, emoji: string): void {
    this.#asAuthor((actions) => this.#submit(actions.react(comment, emoji)));
  }

  /** The server has said who this is. */
  known(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const post of waiting) post();
  }

  /** How much is to be posted then. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a draft is to be posted as soon as it is known who is writing. */
  waits(draft: string): boolean {
    return this.#waiting.has(draft);
  }

  /** Its author goes on writing, or thought better of it: nothing is posted before it is sent again. True if it was to be. */
  withdraw(draft: string): boolean {
    return this.#waiting.delete(draft);
  }

  /** Of another page of the application: what was written for this one stays a draft of it. */
  leave(): void {
    this.#waiting.clear();
  }

  #encode({ text, people }: Typed): string {
    return encodeMentions(text.trim(), [...people, ...this.widget.mentionable]);
  }

  #submit(operation: Operation): void {
    this.widget.submit(operation);
  }

  /** Nobody writes namelessly: what a newcomer wrote is posted once the server has said who they are. */
  #asAuthor(act: (actions: Actions) => void, draft = ""): void {
    const post = () => act(new Actions(this.widget.me, () => this.widget.session.now()));
    if (this.widget.known) post();
    else {
      this.#waiting.set(draft, post);
      this.widget.changed();
    }
  }
}
