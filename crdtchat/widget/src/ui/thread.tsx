/** One discussion: its words, its comments and the box for the next one. */
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Widget } from "../app/widget";
import { focused } from "../dom/focused";
import type { Comment, Thread } from "../model/threads";
import { AnchorState } from "./anchor-state";
import { CommentView, Time } from "./comment";
import { Composer } from "./composer";
import { useView, useWidget } from "./context";
import { toScroll } from "./focus";
import { Icon } from "./icons";
import { Decisions, isClosed } from "./moderation";

const AT_END_PX = 24;
const SEEN_MS = 1_000;

export function ThreadView({ thread, autofocus }: { thread: Thread; autofocus: boolean }) {
  const widget = useWidget();
  useView(widget);
  const { speech } = widget;
  const list = useRef<HTMLDivElement>(null);
  const [replyTo, setReplyTo] = useState(() => parentOfDraft(widget, thread));
  const [chosen, setChosen] = useState(false);
  const answer = (cid: string) => {
    setReplyTo(cid);
    setChosen(cid !== "");
  };
  const cancel = () => {
    // The focus goes back to where this was begun.
    const from = list.current?.querySelector<HTMLElement>(`[data-cid="${CSS.escape(replyTo)}"] .reply`);
    answer("");
    from?.focus({ preventScroll: true });
  };
  const calm = useCalm(thread, list);
  const depth = widget.options.maxReplyDepth ?? 0;
  const typing = widget.people.typing(thread.aid);
  const open = !widget.readonly && !isClosed(widget, thread);
  const name = replyTo ? widget.name(thread.comments.find((c) => c.cid === replyTo)?.author ?? "") : "";

  return (
    <div class="thread">
      <div class="scroll" ref={list} onScroll={calm.scrolled} tabindex={-1}>
        <AnchorState thread={thread} />
        <ol class="comments">
          {inTree(calm.shown, depth).map(([comment, level]) => (
            <CommentView
              key={comment.cid}
              comment={comment}
              depth={level}
              {...(depth > 0 && level < depth && open ? { onReply: () => answer(comment.cid) } : {})}
            />
          ))}
        </ol>
        {thread.state.at > 0 && (
          <p class="state">
            <Icon name={thread.state.resolved ? "check" : "reopen"} />
            {speech.text(thread.state.resolved ? "resolvedBy" : "reopenedBy", {
              name: widget.name(thread.state.by),
              time: speech.ago(thread.state.at, widget.now()),
            })}
          </p>
        )}
        <Decisions thread={thread} />
      </div>
      {(open || typing.length > 0 || calm.held > 0) && (
        <div class="foot">
          {calm.held > 0 && (
            <button type="button" class="news" onClick={calm.show}>
              {speech.count("newReplies", calm.held)}
            </button>
          )}
          <p class="typing" aria-live="off">
            {typing.length > 0 && (
              <>
                <span class="dots" aria-hidden="true">
                  <i />
                  <i />
                  <i />
                </span>
                {speech.count("typing", typing.length, { names: speech.list(typing) })}
              </>
            )}
          </p>
          {open && (
            <Composer
              key={replyTo}
              draftId={`reply:${thread.aid}`}
              about={{ aid: thread.aid, parent: replyTo }}
              label={replyTo ? speech.text("replyTo", { name }) : speech.text("writeReply")}
              placeholder={replyTo ? speech.text("replyTo", { name }) : speech.text("writeReply")}
              action={speech.text("reply")}
              autofocus={autofocus || chosen}
              compact
              onSend={(text, done) => {
                calm.seen();
                widget.writing.reply(thread.aid, text, replyTo, () => {
                  done();
                  // What was pressed is of no use then, and loses the focus.
                  if (focused()?.matches("button")) toScroll(list.current);
                });
              }}
              onTyping={() => widget.typing.in(thread.aid)}
              onBusy={calm.write}
              {...(replyTo ? { onCancel: cancel, onEscape: cancel } : {})}
            />
          )}
        </div>
      )}
    </div>
  );
}

/** What the reply answered that was being written here, if that still stands. */
function parentOfDraft(widget: Widget, { aid, comments }: Thread): string {
  const parent = widget.drafts.get(`reply:${aid}`)?.parent ?? "";
  return comments.some(({ cid, deletedBy }) => cid === parent && !deletedBy) ? parent : "";
}

/**
 * Live but calm: while somebody writes or has scrolled away from the end, replies of others wait behind a
 * button; nothing that is read or typed moves.
 */
function useCalm(thread: Thread, list: { current: HTMLDivElement | null }) {
  const widget = useWidget();
  /** Whether somebody writes; that they begin changes nothing on the screen. */
  const busy = useRef(false);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const [known, setKnown] = useState(() => new Set(thread.comments.map((comment) => comment.cid)));
  const [atEnd, setAtEnd] = useState(true);
  const arrived = thread.comments.filter((comment) => !known.has(comment.cid));
  const mine = (comment: Comment) => comment.author === widget.me;
  const held =
    (busy.current || !atEnd) && !arrived.some(mine) ? arrived.filter((comment) => !mine(comment)) : [];
  const shown = held.length === 0 ? thread.comments : thread.comments.filter((c) => !held.includes(c));
  const count = shown.length;
  const before = useRef(count);

  const seen = () =>
    widget.seen(
      thread.aid,
      shown.map((comment) => comment.cid),
    );
  const end = () => {
    const box = list.current;
    return !box || box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
  };
  const show = () => {
    toScroll(list.current);
    setKnown(new Set(thread.comments.map((comment) => comment.cid)));
    requestAnimationFrame(() => list.current?.scrollTo({ top: list.current.scrollHeight }));
  };
  // Once it has its place, and with it its height: a long one opens at its beginning.
  useEffect(() => setAtEnd(end()), []);
  useEffect(() => {
    if (held.length === 0 && arrived.length > 0)
      setKnown(new Set(thread.comments.map((comment) => comment.cid)));
    const timer = setTimeout(seen, SEEN_MS);
    return () => clearTimeout(timer);
  });
  useLayoutEffect(() => {
    // Whoever is at the end stays at the end.
    if (count > before.current && (atEnd || shown.at(-1)?.author === widget.me))
      list.current?.scrollTo({ top: list.current.scrollHeight });
    before.current = count;
  }, [count]);
  const write = (writes: boolean) => {
    busy.current = writes;
    if (!writes && held.length > 0) draw(undefined);
  };
  return { shown, held: held.length, show, seen, scrolled: () => setAtEnd(end()), write };
}

/** Flat for depth 0; else replies under what they answer, never deeper than the depth. */
export function inTree(comments: readonly Comment[], depth: number): [Comment, number][] {
  if (depth === 0) return comments.map((comment) => [comment, 0]);
  const present = new Set(comments.map((comment) => comment.cid));
  const children = new Map<string, Comment[]>();
  for (const comment of comments) {
    const parent = present.has(comment.parent) ? comment.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), comment]);
  }
  const rows: [Comment, number][] = [];
  const visit = (parent: string, level: number, above: Set<string>): void => {
    for (const comment of children.get(parent) ?? []) {
      if (above.has(comment.cid)) continue;
      rows.push([comment, Math.min(level, depth)]);
      visit(comment.cid, level + 1, new Set([...above, comment.cid]));
    }
  };
  visit("", 0, new Set());
  return rows;
}

export function Opening({ thread }: { thread: Thread }) {
  const widget = useWidget();
  return (
    <>
      <b>{widget.name(thread.author)}</b> <Time at={thread.created} />
    </>
  );
}
