/** The bar: who is here, how many discussions there are, and the state of the connection in one quiet word. */
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { counts } from "../app/listing";
import type { Widget } from "../app/widget";
import { PHONE_WIDTH } from "../dom/placement";
import type { Status } from "../sync/effects";
import { Avatar } from "./avatar";
import { useView, useWidget } from "./context";
import { Icon, type IconName } from "./icons";

const MOST_AVATARS = 4;
const SAVED_MS = 2_000;
const PATIENCE_MS = 1_200;
const WHOLE_BAR_PX = 380;

export function Bar() {
  const widget = useWidget();
  const view = useView(widget);
  const { speech } = widget;
  const unread = widget.unread.size;
  const discussions = speech.count("discussions", counts(widget).open);
  const compact = useCompact(widget);
  return (
    <div class={compact ? "bar compact" : "bar"} role="group" aria-label={speech.text("discussionsTitle")}>
      <Here />
      <button
        type="button"
        class="open-panel"
        aria-expanded={view.panel}
        title={compact ? discussions : speech.text("openPanel")}
        onClick={() => widget.togglePanel()}
      >
        <Icon name="comment" />
        {compact && <span aria-hidden="true">{counts(widget).open}</span>}
        <span class={compact ? "sr" : ""}>{discussions}</span>
        {unread > 0 && <span class="badge">{speech.count("unreadCount", unread)}</span>}
      </button>
      <State />
    </div>
  );
}

export function Here() {
  const widget = useWidget();
  const { speech, people } = widget;
  const { here } = people;
  const more = Math.max(0, people.count - MOST_AVATARS);
  const names = here.map((person) => (person.id === widget.me ? speech.text("you") : person.name));
  const title = speech.list([...names.slice(0, 12), ...(names.length > 12 ? ["…"] : [])]);
  if (people.count === 0) return null;
  return (
    <span class="here" title={title}>
      <span class="avatars">
        {here.slice(0, MOST_AVATARS).map((person) => (
          <Avatar key={person.id} id={person.id} name={person.name} small />
        ))}
        {more > 0 && (
          <span class="avatar small rest" aria-hidden="true">
            +{more}
          </span>
        )}
      </span>
      <span class="sr" data-people={people.count}>
        {speech.count("people", people.count)}
        {title && `: ${title}`}
      </span>
      {people.count > 1 && <span aria-hidden="true">{people.count}</span>}
    </span>
  );
}

export function State() {
  const widget = useWidget();
  const { speech } = widget;
  const { link, others, unkept } = widget.session.status;
  // What a newcomer sent waits for the server to say who they are; to its author it is as unsent as the rest.
  const own = widget.session.status.unsent - others + widget.writing.waiting;
  const unsent = own + others;
  const settled = usePatience(widget.session.status);
  const saved = useSaved(own, unsent, link);
  // Word, icon and colour change together, and a short gap changes none of them.
  const shown = link === "offline" && !settled ? "live" : link;
  const [word, icon] = ((): [string, IconName] => {
    if (link === "sign-in") return [speech.text("signIn"), "offline"];
    if (link === "refused") return [speech.text("refused"), "offline"];
    if (link === "over") return [speech.text("kernelGone"), "offline"];
    if (shown === "offline" && unsent > 0)
      return [speech.count(unkept > 0 ? "unkept" : "unsent", unsent), "offline"];
    if (shown === "offline") return [speech.text("offline"), "offline"];
    if (link === "starting") return [settled ? speech.text("connecting") : "", "cloud"];
    if (own > 0) return [speech.text("saving"), "cloud"];
    if (saved) return [speech.text("saved"), "check"];
    return [speech.text(widget.readonly ? "readonly" : "live"), "cloud"];
  })();
  useAnnouncement(settled ? (SAID[link] ?? null) : null);
  if (!word) return null;
  const calm = shown === "live" && own === 0 && !saved;
  const note =
    link === "over" ? speech.text("kernelGoneHint") : others > 0 ? speech.count("others", others) : word;
  const again = link === "refused" || link === "sign-in";
  return (
    <span
      class={`link ${shown}${calm && !widget.readonly ? " calm" : ""}`}
      data-link={link}
      data-unsent={unsent}
      title={shown === "offline" ? speech.text(unkept > 0 ? "unkeptNote" : "offlineHint") : note}
    >
      {calm ? <i class="pulse" /> : <Icon name={icon} />}
      <span>{word}</span>
      {again && <TryAgain />}
    </span>
  );
}

function TryAgain() {
  const widget = useWidget();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const box = button.current?.closest<HTMLElement>(".bar, .panel");
    const root = box?.getRootNode() as ShadowRoot;
    // When it is of no use any more it goes, and leaves the focus to what it was in.
    return () => {
      if (root.activeElement?.matches(".link > button"))
        (box?.querySelector<HTMLElement>(".open-panel") ?? box)?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <button ref={button} type="button" class="quiet" onClick={() => widget.session.retry()}>
      {widget.speech.text("tryAgain")}
    </button>
  );
}

/** True where the floating bar would lie over the text that is read: then it says less. */
function useCompact({ root, options }: Widget): boolean {
  const look = () => {
    const room = document.documentElement.clientWidth - root.getBoundingClientRect().right;
    return options.topBarTarget === undefined && innerWidth >= PHONE_WIDTH && room < WHOLE_BAR_PX;
  };
  const [compact, setCompact] = useState(look);
  useEffect(() => {
    const again = () => setCompact(look());
    addEventListener("resize", again, { passive: true });
    return () => removeEventListener("resize", again);
  }, []);
  return compact;
}

/** A restart of the server or a short gap is nobody's business: bad news waits a moment. */
function usePatience({ link }: Status): boolean {
  const { linkSince } = useWidget();
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const left = linkSince + PATIENCE_MS - performance.now();
  useEffect(() => {
    if (link === "live" || left <= 0) return;
    const timer = setTimeout(() => draw(undefined), left);
    return () => clearTimeout(timer);
  }, [link, linkSince]);
  return link === "live" || left <= 0;
}

/** For a moment after the last of what was one's own and unsent is on the server's disk. */
function useSaved(own: number, unsent: number, link: string): boolean {
  const seen = useRef({ unsent, saved: false });
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const now = seen.current;
  // Decided while drawing: decided after it, "Live" would flash up between "Saving" and "Saved".
  if (own > 0 || link !== "live") now.saved = false;
  else if (now.unsent > unsent) now.saved = true;
  now.unsent = unsent;
  const { saved } = now;
  useEffect(() => {
    if (!saved) return;
    const timer = setTimeout(() => {
      now.saved = false;
      draw(undefined);
    }, SAVED_MS);
    return () => clearTimeout(timer);
  }, [saved]);
  return saved;
}

/** What is said aloud of a connection that became so. */
type Said = "announceOffline" | "announceLive" | "kernelGoneHint";
const SAID: Partial<Record<Status["link"], Said>> = {
  offline: "announceOffline",
  live: "announceLive",
  over: "kernelGoneHint",
};

function useAnnouncement(now: Said | null): void {
  const widget = useWidget();
  const [last, setLast] = useState<string | null>("announceLive");
  useEffect(() => {
    if (now === null || now === last) return;
    setLast(now);
    widget.say(widget.speech.text(now));
  }, [now]);
}
