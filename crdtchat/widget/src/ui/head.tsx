/** What can be done with a whole discussion. */
import { useState } from "preact/hooks";
import type { Thread } from "../model/threads";
import { State } from "./bar";
import { useWidget } from "./context";
import { Icon } from "./icons";

export function ThreadHead({ thread, onClose, back }: { thread: Thread; onClose(): void; back?: boolean }) {
  const widget = useWidget();
  const { speech } = widget;
  const [copied, setCopied] = useState(false);
  const { resolved } = thread.state;
  const locked = widget.readonly || !widget.known;
  const closeLabel = speech.text(back ? "back" : "close");
  return (
    <div class="head">
      {back && (
        <button
          type="button"
          class="icon-button"
          aria-label={closeLabel}
          title={closeLabel}
          onClick={onClose}
        >
          <Icon name="back" />
        </button>
      )}
      <h2>{speech.text(resolved ? "resolved" : "discussion")}</h2>
      {back && <State />}
      <button
        type="button"
        class="icon-button"
        aria-label={speech.text("previous")}
        title={speech.text("previous")}
        onClick={() => widget.step(-1)}
      >
        <Icon name="previous" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={speech.text("next")}
        title={speech.text("next")}
        onClick={() => widget.step(1)}
      >
        <Icon name="next" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={speech.text(copied ? "copied" : "copyLink")}
        title={speech.text(copied ? "copied" : "copyLink")}
        onClick={() =>
          void widget.copyLink(thread.aid).then(
            () => {
              setCopied(true);
              widget.say(speech.text("copied"));
              setTimeout(() => setCopied(false), 2_000);
            },
            () => {},
          )
        }
      >
        <Icon name={copied ? "check" : "link"} />
      </button>
      {!locked && (
        <button
          type="button"
          class="icon-button resolve"
          aria-label={speech.text(resolved ? "reopen" : "resolve")}
          title={speech.text(resolved ? "reopen" : "resolve")}
          onClick={() => {
            widget.writing.resolve(thread.aid, !resolved);
            if (!resolved && !back) onClose();
          }}
        >
          <Icon name={resolved ? "reopen" : "check"} />
        </button>
      )}
      {!back && (
        <button
          type="button"
          class="icon-button"
          aria-label={closeLabel}
          title={closeLabel}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}
