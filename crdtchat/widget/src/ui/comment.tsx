import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { decodeMentions } from "../app/mentions";
import { isImported } from "../model/schema";
import type { Comment } from "../model/threads";
import { Avatar } from "./avatar";
import { Composer } from "./composer";
import { useWidget } from "./context";
import { toScroll } from "./focus";
import { Icon } from "./icons";
import { render } from "./markdown";
import { Menu, type MenuItem } from "./menu";
import { moderationItems } from "./moderation";
import { ReactionPicker, Reactions } from "./reactions";

const STAY = { preventScroll: true };

interface Properties {
  comment: Comment;
  depth: number;
  onReply?(): void;
}

export function CommentView({ comment, depth, onReply }: Properties) {
  const widget = useWidget();
  const { speech } = widget;
  const editId = `edit:${comment.aid}/${comment.cid}`;
  const [editing, setEditing] = useState(widget.drafts.get(editId) !== undefined);
  const [asking, setAsking] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  /** The focus goes back to where this was begun. */
  const toMenu = () => item.current?.querySelector<HTMLElement>('[aria-haspopup="menu"]')?.focus(STAY);
  const style = depth > 0 ? { "--depth": String(depth) } : {};

  const veiled = comment.hidden && !widget.canModerate;
  if (comment.deletedBy || veiled)
    return (
      <li class="comment gone" style={style} data-cid={comment.cid}>
        {speech.text(veiled ? "hidden" : "deleted")}
      </li>
    );

  const mine = comment.author === widget.me;
  const name = widget.name(comment.author);
  const locked = widget.readonly || !widget.known;
  const pending = widget.isPending(comment);
  const fresh = widget.unread.has(comment.aid, comment.cid);
  const alone = widget.writing.isWhole(comment.aid, comment.cid);
  const items: MenuItem[] = [];
  if (mine && !widget.readonly) items.push({ label: speech.text("edit"), act: () => setEditing(true) });
  items.push(...moderationItems(widget, comment));
  // Last, as far as can be from what is asked for more often.
  if ((mine || widget.canModerate) && !widget.readonly)
    items.push({ label: speech.text("delete"), bad: true, act: () => setAsking(true) });

  return (
    <li ref={item} class={`comment${fresh ? " fresh" : ""}`} style={style} data-cid={comment.cid}>
      <div class="who">
        <Avatar id={comment.author} name={name} />
        <span class="names">
          <b>{name}</b>
          <span class="when">
            <Time at={comment.created} />
            {comment.edited > 0 && (
              <span title={speech.text("editedAt", { time: speech.full(comment.edited) })}>
                {" · "}
                {speech.text("edited")}
              </span>
            )}
            {isImported(comment.author) && (
              <span class="imported" title={speech.text("importedFrom")}>
                {" · "}
                {speech.text("imported")}
              </span>
            )}
            {comment.hidden && ` · ${speech.text("hidden")}`}
            {fresh && <span class="dot" role="img" aria-label={speech.text("unread")} />}
          </span>
        </span>
        {pending && (
          <span class="pending" role="img" aria-label={speech.text("waiting")} title={speech.text("waiting")}>
            <Icon name="clock" />
          </span>
        )}
        <span class="tools">
          {!locked && <ReactionPicker comment={comment} />}
          {onReply && !locked && (
            <button
              type="button"
              class="icon-button reply"
              aria-label={speech.text("replyTo", { name })}
              title={speech.text("reply")}
              onClick={onReply}
            >
              <Icon name="reply" />
            </button>
          )}
          {items.length > 0 && <Menu label={speech.text("moreActions")} icon="more" items={items} />}
        </span>
      </div>
      {editing ? (
        <Composer
          draftId={editId}
          about={{ aid: comment.aid, cid: comment.cid }}
          initial={decodeMentions(comment.text)}
          label={speech.text("edit")}
          placeholder={speech.text("write")}
          action={speech.text("save")}
          autofocus
          onSend={(text, done) => {
            widget.writing.edit(comment, text);
            done();
            setEditing(false);
            toMenu();
          }}
          onCancel={() => {
            widget.discardDraft(editId);
            setEditing(false);
            toMenu();
          }}
          onEscape={() => {
            setEditing(false);
            toMenu();
          }}
        />
      ) : (
        <Markdown text={comment.text} />
      )}
      {asking && (
        <Question
          text={speech.text(alone ? "deleteThread" : "deleteComment")}
          yes={speech.text("delete")}
          no={speech.text("cancel")}
          onAnswer={(answer) => {
            setAsking(false);
            if (!answer) return toMenu();
            toScroll(item.current);
            widget.writing.remove(comment);
          }}
        />
      )}
      <Reactions comment={comment} locked={locked} />
    </li>
  );
}

export function Time({ at }: { at: number }) {
  const widget = useWidget();
  const { speech } = widget;
  return (
    <time dateTime={new Date(at).toISOString()} title={speech.full(at)}>
      {speech.ago(at, widget.now())}
    </time>
  );
}

export function Markdown({ text }: { text: string }) {
  const { me, host } = useWidget();
  const made = useMemo(() => render(text, me, host?.drawing), [text, me, host]);
  return (
    <div class="markdown" dir="auto">
      {made}
    </div>
  );
}

interface QuestionProperties {
  text: string;
  yes: string;
  no: string;
  onAnswer(yes: boolean): void;
}

function Question({ text, yes, no, onAnswer }: QuestionProperties) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <div
      class="question"
      role="alertdialog"
      aria-label={text}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.preventDefault();
        onAnswer(false);
      }}
    >
      <p>{text}</p>
      <button type="button" class="quiet" ref={first} onClick={() => onAnswer(false)}>
        {no}
      </button>
      <button type="button" class="danger" onClick={() => onAnswer(true)}>
        {yes}
      </button>
    </div>
  );
}
