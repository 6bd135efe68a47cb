/** The box that things are written in. What is typed is a draft from the first key on. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Draft } from "../app/drafts";
import { beingMentioned, candidates, type Person } from "../app/mentions";
import type { Typed } from "../app/writing";
import { Avatar } from "./avatar";
import { closeOnScroll, putBeside } from "./beside";
import { useWidget } from "./context";
import { isComposing } from "./focus";

interface Properties {
  draftId: string;
  /** What the draft needs besides its text to be taken up again. */
  about: Partial<Draft>;
  initial?: Typed;
  label: string;
  placeholder: string;
  action: string;
  autofocus?: boolean;
  compact?: boolean;
  onSend(typed: Typed, done: () => void): void;
  onCancel?(): void;
  /** Closes it, and keeps what was typed. */
  onEscape?(): void;
  onTyping?(): void;
  onBusy?(busy: boolean): void;
}

const COUNT_FROM = 500;

export function Composer(properties: Properties) {
  const { draftId, about, label, placeholder, action, onSend, onCancel, onTyping, onBusy } = properties;
  const widget = useWidget();
  const { speech } = widget;
  const draft = widget.drafts.get(draftId) ?? properties.initial;
  const kept = draft?.text ?? "";
  /** Whom the names are for; the last choice of a name counts. */
  const people = useRef<readonly Person[]>(draft?.people ?? []);
  const [text, setText] = useState(kept);
  const [touched, setTouched] = useState(false);
  const [waiting, setWaiting] = useState(() => widget.writing.waits(draftId));
  const [name, setName] = useState("");
  const [nameMissing, setNameMissing] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const nameBox = useRef<HTMLInputElement>(null);
  const id = useId();
  const mention = useMention(box, text, (next, chosen) => {
    people.current = [chosen, ...people.current.filter(({ name }) => name !== chosen.name)];
    change(next);
  });
  const needsName = widget.session.needsName;
  const limit = widget.session.welcome?.limits.comment_cp ?? 10_000;
  const left = limit - Array.from(text).length;
  // Once open it stays so: if it shrank when the focus leaves, what is being clicked would move away.
  const open = touched || text !== "" || !properties.compact;

  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 220)}px`;
  }, [text, open]);
  // Before the next key can be pressed, so that none of it is lost.
  useLayoutEffect(() => {
    if (properties.autofocus) (needsName ? nameBox.current : box.current)?.focus({ preventScroll: true });
  }, []);
  useEffect(() => onBusy?.(text !== ""), [text]);
  // Whose draft is shown may be known only now: one's own stands before what was typed meanwhile.
  useEffect(() => {
    if (kept.endsWith(text)) setText(kept);
  }, [widget.session.user]);
  // What was sent from here before the card was closed and opened again.
  useEffect(() => {
    if (!waiting || !widget.known) return;
    setWaiting(false);
    setText(kept);
  }, [widget.known]);

  function change(next: string): void {
    setText(next);
    setWaiting(false);
    widget.saveDraft({ ...about, id: draftId, text: next, people: people.current });
    if (next) onTyping?.();
  }

  function send(): void {
    if (text.trim() === "" || left < 0) return;
    if (needsName) {
      if (name.trim() === "") {
        setNameMissing(true);
        nameBox.current?.focus();
        return;
      }
      widget.chooseName(name);
    }
    setWaiting(true);
    onSend({ text, people: people.current }, () => {
      setText("");
      people.current = [];
      setWaiting(false);
    });
    if (widget.known) setWaiting(false);
  }

  function key(event: KeyboardEvent): void {
    if (isComposing(event) || mention.key(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && properties.onEscape) {
      event.stopPropagation();
      event.preventDefault();
      properties.onEscape();
    }
  }

  return (
    <form
      class={`composer${open ? " open" : ""}`}
      onFocusIn={() => setTouched(true)}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {needsName && open && (
        <div class="name">
          <label for={`${id}-name`}>{speech.text("yourName")}</label>
          <input
            id={`${id}-name`}
            ref={nameBox}
            dir="auto"
            value={name}
            maxLength={64}
            autocomplete="name"
            aria-describedby={`${id}-name-hint`}
            aria-invalid={nameMissing}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setNameMissing(false);
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || isComposing(event)) return;
              event.preventDefault();
              box.current?.focus();
            }}
          />
          <p id={`${id}-name-hint`} class={nameMissing ? "hint bad" : "hint"}>
            {speech.text(nameMissing ? "nameNeeded" : "nameHint")}
          </p>
        </div>
      )}
      <div class="field">
        <textarea
          ref={box}
          dir="auto"
          rows={properties.compact ? 1 : 3}
          value={text}
          placeholder={placeholder}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={mention.open ? `${id}-people` : undefined}
          aria-activedescendant={mention.open ? `${id}-person-${mention.at}` : undefined}
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={key}
          onKeyUp={mention.look}
          onClick={mention.look}
          onBlur={mention.close}
        />
        {mention.open && (
          <ul
            class="people"
            role="listbox"
            ref={mention.list}
            id={`${id}-people`}
            aria-label={speech.text("mentionList")}
          >
            {mention.people.map((person, index) => (
              <li
                key={person.id}
                id={`${id}-person-${index}`}
                role="option"
                aria-selected={index === mention.at}
                onPointerDown={(event) => {
                  event.preventDefault();
                  mention.choose(person);
                }}
              >
                <Avatar id={person.id} name={person.name} small />
                {person.name}
              </li>
            ))}
          </ul>
        )}
      </div>
      {open && (
        <div class="actions">
          <span class={left < 0 ? "hint bad" : "hint"} title={speech.text("markdownHint")}>
            {left < COUNT_FROM
              ? speech.count("charactersLeft", left)
              : waiting && !widget.known
                ? speech.text("waitingForServer")
                : "Markdown"}
          </span>
          {onCancel && (
            <button type="button" class="quiet" onClick={onCancel}>
              {speech.text("cancel")}
            </button>
          )}
          <button type="submit" class="primary" disabled={text.trim() === "" || left < 0}>
            {action}
          </button>
        </div>
      )}
    </form>
  );
}

function useMention(
  box: { current: HTMLTextAreaElement | null },
  text: string,
  change: (text: string, chosen: Person) => void,
) {
  const widget = useWidget();
  const [query, setQuery] = useState<string | undefined>(undefined);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const people = query === undefined ? [] : candidates(widget.mentionable, query);
  const open = people.length > 0;
  const close = () => setQuery(undefined);

  function look(): void {
    const area = box.current;
    const next =
      area && area.selectionStart === area.selectionEnd
        ? beingMentioned(area.value, area.selectionStart)
        : undefined;
    if (next !== query) setAt(0);
    setQuery(next);
  }
  useEffect(look, [text]);

  function choose(person: Person): void {
    const area = box.current;
    if (!area || query === undefined) return;
    const caret = area.selectionStart;
    const before = `${text.slice(0, caret - query.length)}${person.name} `;
    change(before + text.slice(caret), person);
    close();
    queueMicrotask(() => {
      area.focus({ preventScroll: true });
      requestAnimationFrame(() => area.setSelectionRange(before.length, before.length));
    });
  }

  function key(event: KeyboardEvent): boolean {
    if (!open) return false;
    const person = people[at];
    if (event.key === "ArrowDown") setAt((at + 1) % people.length);
    else if (event.key === "ArrowUp") setAt((at + people.length - 1) % people.length);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && person && !event.ctrlKey && !event.metaKey)
      choose(person);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  useLayoutEffect(() => {
    const area = box.current?.getBoundingClientRect();
    const people = list.current;
    if (!area || !people) return;
    putBeside(people, area, "above", "left");
  }, [open, people.length]);
  useEffect(() => {
    const area = box.current;
    return open && area ? closeOnScroll(area, close) : undefined;
  }, [open]);

  return { open, people, at, key, look, close, choose, list };
}
