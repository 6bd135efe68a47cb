/** What moderators decide about a comment or its discussion, and what everybody else may ask them to look at. */
import type { Widget } from "../app/widget";
import { HIDDEN, LOCKED } from "../model/schema";
import type { Comment, Thread } from "../model/threads";
import { useWidget } from "./context";
import { Icon } from "./icons";
import type { MenuItem } from "./menu";

export function moderationItems(widget: Widget, { aid, cid, author, hidden }: Comment): MenuItem[] {
  const { speech, threads, writing } = widget;
  const thread = threads.get(aid);
  if (widget.readonly || !widget.known || !thread) return [];
  if (!widget.canModerate) {
    if (author === widget.me) return [];
    const told = (done: boolean) => widget.tell(speech.text(done ? "reported" : "notReported"));
    const path = `annotations/${aid}/comments/${cid}/reports`;
    const headers = { "Content-Type": "application/json" };
    const init = { method: "POST", body: "{}", headers };
    const act = () =>
      void widget.session.fetch(path, init).then(
        (answer) => told(answer.ok),
        () => told(false),
      );
    return [{ label: speech.text("report"), act }];
  }
  // What opens a discussion stands for all of it.
  const whole = thread.comments[0]?.cid === cid;
  const hiding = whole ? thread.hidden : hidden;
  const flip = (flag: number) => () => writing.moderate(aid, whole ? "" : cid, flag);
  return [
    { label: speech.text(hiding ? "unhide" : "hide"), act: flip(HIDDEN) },
    ...(whole ? [{ label: speech.text(thread.locked ? "unlock" : "lock"), act: flip(LOCKED) }] : []),
  ];
}

/** Whether this person may write here, as far as moderators decide it. */
export const isClosed = (widget: Widget, thread: Thread): boolean => thread.locked && !widget.canModerate;

export function Decisions({ thread }: { thread: Thread }) {
  const { speech } = useWidget();
  return (
    <>
      {thread.hidden && <p class="state">{speech.text("hidden")}</p>}
      {thread.locked && (
        <p class="state">
          <Icon name="lock" />
          {speech.text("locked")}
        </p>
      )}
    </>
  );
}
