/** Small things over the text: the button beside a selection, and the first look at a discussion. */
import { useEffect, useLayoutEffect, useReducer } from "preact/hooks";
import { PHONE_WIDTH } from "../dom/placement";
import { Avatar } from "./avatar";
import { useView, useWidget } from "./context";
import { isComposing } from "./focus";
import { Icon } from "./icons";
import { plain } from "./markdown";

const EDGE = 8;
const BUTTON = { width: 128, height: 38 };

export function SelectionButton() {
  const widget = useWidget();
  const { selected, attaching } = useView(widget);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!selected) return;
    const again = () => draw(undefined);
    addEventListener("scroll", again, { capture: true, passive: true });
    return () => removeEventListener("scroll", again, { capture: true });
  }, [selected]);
  if (!selected) return null;
  const focus = selected.focus();
  const phone = innerWidth < PHONE_WIDTH;
  // Below the end of the selection; on a phone further down, where the system's own menu is not.
  const below = focus.bottom + (phone ? 28 : 8);
  const lowest = innerHeight - BUTTON.height - EDGE;
  const top = Math.min(below < lowest ? below : focus.top - BUTTON.height - 8, lowest);
  const left = Math.max(EDGE, Math.min(focus.right - BUTTON.width / 2, innerWidth - BUTTON.width - EDGE));
  return (
    <button
      type="button"
      class="select"
      style={{ left: `${left}px`, top: `${Math.max(EDGE, top)}px` }}
      aria-label={widget.speech.text(attaching ? "attachHere" : "commentOn")}
      onPointerDown={(event) => event.preventDefault()}
      onClick={() => widget.compose()}
    >
      <Icon name={attaching ? "attach" : "comment"} />
      {widget.speech.text(attaching ? "attachHere" : "comment")}
    </button>
  );
}

const PEEK = { width: 300, height: 84 };

export function Peek() {
  const widget = useWidget();
  const { peek, active } = useView(widget);
  const thread = peek && peek.aid !== active ? widget.threads.get(peek.aid) : undefined;
  const opening = thread?.comments.find((comment) => !comment.deletedBy);
  const isShown = opening !== undefined;
  // Before it is painted: a key that is pressed as soon as it is seen is for it.
  useLayoutEffect(() => {
    if (!isShown) return;
    const hide = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || isComposing(event)) return;
      widget.view.set({ peek: null });
      // Nothing else closes with it.
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("keydown", hide, { capture: true });
    return () => removeEventListener("keydown", hide, { capture: true });
  }, [isShown]);
  if (!peek || !thread || !opening) return null;
  const left = Math.max(EDGE, Math.min(peek.x - PEEK.width / 2, innerWidth - PEEK.width - EDGE));
  const above = peek.y - PEEK.height - 20;
  const top = above > EDGE ? { bottom: `${innerHeight - peek.y + 16}px` } : { top: `${peek.y + 20}px` };
  const name = widget.name(opening.author);
  return (
    <div
      class="peek"
      style={{ left: `${left}px`, ...top }}
      aria-hidden="true"
      onClick={() => widget.open(peek.aid)}
    >
      <span class="line">
        <Avatar id={opening.author} name={name} small />
        <b>{name}</b>
        {thread.comments.length > 1 && <span>{widget.speech.count("comments", thread.comments.length)}</span>}
      </span>
      <span class="snippet" dir="auto">
        {plain(opening.text)}
      </span>
    </div>
  );
}
