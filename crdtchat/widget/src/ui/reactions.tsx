import { useState } from "preact/hooks";
import type { Comment } from "../model/threads";
import { useWidget } from "./context";
import { Popup } from "./menu";

const PALETTE = ["👍", "❤️", "😄", "🎉", "👀", "🤔", "🙏", "🚀", "✅", "💡", "😕", "👎"];

export function ReactionPicker({ comment }: { comment: Comment }) {
  const widget = useWidget();
  const [open, setOpen] = useState(false);
  return (
    <Popup label={widget.speech.text("react")} icon="smile" open={open} onOpen={setOpen} role="group" grid>
      {PALETTE.map((emoji) => (
        <button
          key={emoji}
          type="button"
          onClick={() => {
            setOpen(false);
            widget.writing.react(comment, emoji);
          }}
        >
          {emoji}
        </button>
      ))}
    </Popup>
  );
}

export function Reactions({ comment, locked }: { comment: Comment; locked: boolean }) {
  const widget = useWidget();
  const { speech } = widget;
  if (comment.reactions.length === 0) return null;
  return (
    <div class="reactions" role="group" aria-label={speech.text("reactions")}>
      {comment.reactions.map(({ emoji, users }) => {
        const others = users.filter((user) => user !== widget.me).map((user) => widget.name(user));
        const names = others.length < users.length ? [speech.text("you"), ...others] : others;
        const label = `${emoji} ${users.length}: ${speech.list(names)}`;
        return (
          <button
            key={emoji}
            type="button"
            class="reaction"
            aria-pressed={users.includes(widget.me)}
            aria-label={label}
            title={label}
            disabled={locked}
            onClick={({ currentTarget }) => {
              // Taken back by the only one who had it, it goes.
              if (others.length === 0) toPicker(currentTarget);
              widget.writing.react(comment, emoji);
            }}
          >
            {emoji} <span>{users.length}</span>
          </button>
        );
      })}
    </div>
  );
}

function toPicker(reaction: Element): void {
  const picker = reaction.closest(".comment")?.querySelector<HTMLElement>('[aria-haspopup="true"]');
  picker?.focus({ preventScroll: true });
}
