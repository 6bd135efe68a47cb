/** All discussions of the page, in the order of its text. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Draft, placeId } from "../app/drafts";
import { FILTERS } from "../app/filters";
import { counts, listed } from "../app/listing";
import type { Widget } from "../app/widget";
import { copy } from "../dom/clipboard";
import type { Thread } from "../model/threads";
import { Avatar } from "./avatar";
import { Here, State } from "./bar";
import { Time } from "./comment";
import { useStore, useView, useWidget } from "./context";
import { isComposing, isWritingInPage, keepInside, toOpener, toScroll, WayBack } from "./focus";
import { ThreadHead } from "./head";
import { Icon } from "./icons";
import { plain } from "./markdown";
import { Quoted } from "./quoted";
import { ThreadView } from "./thread";

const PAGE = 60;

export function Panel() {
  const widget = useWidget();
  const view = useView(widget);
  const { speech } = widget;
  const panel = useRef<HTMLElement>(null);
  const left = useRef<Left>({ order: [], aid: "" });
  const thread = view.active ? widget.threads.get(view.active) : undefined;
  if (thread) left.current.aid = thread.aid;
  useFocusBack(panel);
  useLayoutEffect(() => {
    // What had the focus may be gone with the list or the discussion it was in.
    const root = panel.current?.getRootNode() as ShadowRoot;
    if (!root.activeElement && !isWritingInPage()) panel.current?.focus({ preventScroll: true });
  }, [thread?.aid]);
  return (
    <aside
      ref={panel}
      class="panel"
      aria-label={speech.text("discussionsTitle")}
      tabindex={-1}
      onKeyDown={(event) => {
        if (!widget.docked) keepInside(event);
        if (event.key !== "Escape" || isComposing(event)) return;
        event.preventDefault();
        if (thread) widget.close();
        else widget.togglePanel(false);
      }}
    >
      {thread ? (
        <>
          <ThreadHead thread={thread} back onClose={() => widget.close()} />
          <ThreadView key={thread.aid} thread={thread} autofocus={false} />
        </>
      ) : (
        <List left={left.current} />
      )}
    </aside>
  );
}

/** When it closes with the focus in it, that goes back to where it came from, or to what opens the panel. */
function useFocusBack(panel: { current: HTMLElement | null }): void {
  const widget = useWidget();
  useLayoutEffect(() => {
    const root = panel.current?.getRootNode() as ShadowRoot;
    const back = new WayBack(root);
    return () => {
      back.close();
      // At once: what opens as this closes goes back there in turn.
      if (back.isNeeded && !back.go()) toOpener(widget, root);
    };
  }, []);
}

/** The list as it was when a discussion was opened from it, and which one that was or was gone on to. */
interface Left {
  order: string[];
  aid: string;
}

function List({ left }: { left: Left }) {
  const widget = useWidget();
  const { speech } = widget;
  const { filter, query } = useView(widget);
  const sums = counts(widget);
  return (
    <>
      <div class="head">
        <h2>{speech.text("discussionsTitle")}</h2>
        <Here />
        <State />
        {!widget.host?.panelStays && (
          <button
            type="button"
            class="icon-button"
            aria-label={speech.text("close")}
            title={speech.text("close")}
            onClick={() => widget.togglePanel(false)}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {sums.all > 0 && (
        <>
          <div class="search">
            <Icon name="search" />
            <input
              type="search"
              dir="auto"
              value={query}
              placeholder={speech.text("search")}
              aria-label={speech.text("search")}
              onInput={(event) => widget.view.set({ query: event.currentTarget.value })}
            />
          </div>
          <div class="filters" role="group" aria-label={speech.text("filters")}>
            {FILTERS.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={one === filter}
                onClick={() => widget.setFilter(one)}
              >
                {speech.text(one)} <span>{sums[one]}</span>
              </button>
            ))}
          </div>
        </>
      )}
      {/* Nothing has to hold still that is of another page, or another choice. */}
      <Listing key={`${filter} ${widget.session.key}`} query={query} left={left} any={sums.all > 0} />
    </>
  );
}

interface ListingProperties {
  query: string;
  left: Left;
  /** Whether there are discussions. */
  any: boolean;
}

function Listing({ query, left, any }: ListingProperties) {
  const widget = useWidget();
  const { speech } = widget;
  const { shown, held, show } = useCalmList(listed(widget), query);
  const [back] = useState(() => whereLeft(left, shown));
  const [most, setMost] = useState(PAGE * Math.ceil((back + 2) / PAGE));
  const scroll = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const more = useRef<HTMLLIElement>(null);
  // Whoever goes through a long list goes on where they were.
  useLayoutEffect(() => {
    const row = list.current?.children[back]?.querySelector("button");
    row?.scrollIntoView({ block: "nearest" });
    row?.focus({ preventScroll: true });
    left.aid = "";
  }, []);
  useLayoutEffect(() => {
    left.order = shown.map((thread) => thread.aid);
  });
  useLayoutEffect(() => {
    const last = more.current;
    if (!last) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && setMost(most + PAGE));
    seen.observe(last);
    return () => seen.disconnect();
  });
  return (
    <>
      {held > 0 && (
        <button
          type="button"
          class="news"
          onClick={() => {
            scroll.current?.focus({ preventScroll: true });
            show();
          }}
        >
          {speech.count("newDiscussions", held)}
        </button>
      )}
      <div class="scroll" ref={scroll} onKeyDown={arrows} tabindex={-1}>
        <DraftList />
        <ul class="list" ref={list}>
          {shown.slice(0, most).map((thread) => (
            <Row key={thread.aid} thread={thread} />
          ))}
          {shown.length > most && <li ref={more} class="more" />}
        </ul>
        {shown.length === 0 && <Empty any={any} />}
      </div>
      <p class="sr" role="status">
        {query ? speech.count("results", shown.length) : ""}
      </p>
    </>
  );
}

/** The row of the discussion that was open, or the nearest to it if it is listed no more; -1 if none was open. */
function whereLeft({ order, aid }: Left, shown: Thread[]): number {
  const at = order.indexOf(aid);
  if (at < 0) return -1;
  const here = new Map(shown.map((thread, index) => [thread.aid, index]));
  const nearest = [...order.slice(at), ...order.slice(0, at).reverse()].find((one) => here.has(one));
  return nearest === undefined ? -1 : (here.get(nearest) as number);
}

function Empty({ any }: { any: boolean }) {
  const { speech } = useWidget();
  return (
    <div class="empty">
      <Icon name="comment" />
      <p>{speech.text(any ? "noResults" : "empty")}</p>
      {!any && <p class="hint">{speech.text("emptyHint")}</p>}
    </div>
  );
}

function Row({ thread }: { thread: Thread }) {
  const widget = useWidget();
  const { speech } = widget;
  const opening = thread.comments.find((comment) => !comment.deletedBy);
  const replies = thread.comments.length - 1;
  const unread = widget.unread.of(thread.aid);
  const state = widget.place(thread.aid)?.place.state;
  const orphan = state === "orphaned" || state === "unsure";
  const author = opening?.author ?? thread.author;
  return (
    <li>
      <button
        type="button"
        class={`row${thread.state.resolved ? " resolved" : ""}${orphan ? " orphan" : ""}`}
        data-aid={thread.aid}
        onClick={() => widget.open(thread.aid, true)}
        onPointerEnter={() => widget.canvas.hover(thread.aid)}
        onPointerLeave={() => widget.canvas.hover(null)}
      >
        <q dir="auto">
          <Quoted target={thread.target} />
        </q>
        <span class="line">
          <Avatar id={author} name={widget.name(author)} small />
          <b>{widget.name(author)}</b>
          <Time at={thread.created} />
          {unread > 0 && <span class="badge">{speech.count("unreadCount", unread)}</span>}
        </span>
        <span class="snippet" dir="auto">
          {opening ? plain(opening.text) : ""}
        </span>
        <span class="facts">
          {replies > 0 && speech.count("replies", replies)}
          {thread.state.resolved && (
            <span>
              <Icon name="check" /> {speech.text("resolved")}
            </span>
          )}
          {state === "orphaned" && <span class="warn">{speech.text("orphaned")}</span>}
          {state === "unsure" && <span class="warn">{speech.text("placeUnsure")}</span>}
          {state === "changed" && <span>{speech.text("wordsChanged")}</span>}
        </span>
      </button>
    </li>
  );
}

function DraftList() {
  const widget = useWidget();
  useStore(widget.drafted);
  const { speech } = widget;
  const drafts = widget.drafts.all();
  const copied = () => widget.tell(speech.text("textCopied"));
  if (drafts.length === 0) return null;
  return (
    <section class="drafts" aria-label={speech.count("drafts", drafts.length)}>
      <h3>{speech.count("drafts", drafts.length)}</h3>
      <ul>
        {drafts.map((draft) => (
          <li key={draft.id} class={draft.code ? "rejected" : ""}>
            {draft.code && (
              <p class="hint bad">{speech.text("rejectedNote", { reason: speech.reason(draft.code) })}</p>
            )}
            {draft.target && (
              <q dir="auto">
                <Quoted target={draft.target} />
              </q>
            )}
            <p class="snippet" dir="auto">
              {draft.text}
            </p>
            <div class="actions">
              {canContinue(widget, draft) && (
                <button type="button" class="quiet" onClick={() => resume(widget, draft)}>
                  {speech.text("continueDraft")}
                </button>
              )}
              <button
                type="button"
                class="quiet"
                onClick={() => void copy(draft.text).then(copied, () => {})}
              >
                {speech.text("copyText")}
              </button>
              <button
                type="button"
                class="quiet bad"
                onClick={(event) => {
                  toScroll(event.currentTarget);
                  widget.discardDraft(draft.id);
                }}
              >
                {speech.text("discard")}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function canContinue(widget: Widget, { target, aid, cid }: Draft): boolean {
  if (target) return true;
  const thread = aid === undefined ? undefined : widget.threads.get(aid);
  if (!thread || cid === undefined) return thread !== undefined;
  return thread.comments.some((comment) => comment.cid === cid && !comment.deletedBy);
}

function resume(widget: Widget, draft: Draft): void {
  if (draft.target) {
    const id = draft.code ? placeId(draft.target) : draft.id;
    takeUp(widget, draft, id);
    widget.togglePanel(false);
    widget.composeOn(draft.target, widget.canvas.locate(draft.target) ?? null, id);
    return;
  }
  const { aid = "" } = draft;
  if (draft.code) takeUp(widget, draft, `reply:${aid}`);
  widget.open(aid, true);
}

/** What was given back goes behind what was written in its place meanwhile. */
function takeUp(widget: Widget, { code, ...draft }: Draft, id: string): void {
  if (id === draft.id) return;
  const there = widget.drafts.get(id);
  widget.discardDraft(draft.id);
  const people = [...(there?.people ?? []), ...(draft.people ?? [])];
  const text = there ? `${there.text}\n\n${draft.text}` : draft.text;
  widget.saveDraft({ ...draft, ...there, id, text, people });
}

/** Live but calm: the list holds still while it is looked at; what is new is counted above it. */
function useCalmList(threads: Thread[], query: string) {
  const widget = useWidget();
  const [known, setKnown] = useState(() => new Set(threads.map((thread) => thread.aid)));
  const [asked, setAsked] = useState(query);
  const all = () => new Set(widget.threads.all().map((thread) => thread.aid));
  useEffect(() => {
    if (asked === query) return;
    setAsked(query);
    setKnown(all());
  });
  const still = asked === query && known.size > 0;
  const held = still ? threads.filter(({ aid, author }) => !known.has(aid) && author !== widget.me) : [];
  const shown = held.length === 0 ? threads : threads.filter((thread) => !held.includes(thread));
  return { shown, held: held.length, show: () => setKnown(all()) };
}

function arrows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".row")];
  const active = ((event.currentTarget as HTMLElement).getRootNode() as ShadowRoot)
    .activeElement as HTMLElement;
  const next = rows[Math.max(0, Math.min(rows.indexOf(active) + step, rows.length - 1))];
  next?.focus();
  event.preventDefault();
}
