/** What people write, from the interface to the session. */
import { Actions } from "../model/actions";
import type { Operation } from "../model/intents";
import type { Target } from "../model/schema";
import type { Comment } from "../model/threads";
import { encodeMentions } from "./mentions";
import type { Stage } from "./stage";

export class Writing {
  #whenKnown: (() => void) | null = null;

  constructor(private readonly widget: Stage) {}

  annotate(target: Target, text: string, done: () => void): void {
    const { widget } = this;
    this.#asAuthor((actions) => {
      const { aid, ...operation } = actions.annotate(target, this.#encode(text));
      this.#submit(operation);
      widget.drafts.remove("new");
      done();
      widget.stopComposing();
      widget.canvas.marks.settle(aid);
      widget.open(aid);
      widget.say(widget.speech.text("announceSent"));
    });
  }

  reply(aid: string, text: string, parent: string, done: () => void): void {
    const { widget } = this;
    this.#asAuthor((actions) => {
      const thread = widget.threads.get(aid);
      const answered = thread?.comments.find(({ cid }) => cid === parent) ?? thread;
      this.#submit(actions.reply(aid, this.#encode(text), parent, answered?.created));
      widget.drafts.remove(`reply:${aid}`);
      widget.typing.in(null);
      done();
      widget.say(widget.speech.text("announceSent"));
    });
  }

  edit(comment: Comment, text: string): void {
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
    this.#whenKnown?.();
    this.#whenKnown = null;
  }

  #encode(text: string): string {
    return encodeMentions(text.trim(), this.widget.mentionable);
  }

  #submit(operation: Operation): void {
    this.widget.submit(operation);
  }

  /** Nobody writes namelessly: what a newcomer wrote is posted once the server has said who they are. */
  #asAuthor(act: (actions: Actions) => void): void {
    const run = () => act(new Actions(this.widget.me, () => this.widget.session.now()));
    if (this.widget.known) run();
    else this.#whenKnown = run;
  }
}
