/** One discussed element: brings together the session, the page and what the interface shows. */
import type { Mark } from "../dom/marks";
import type { Selected } from "../dom/selection";
import { Speech } from "../locale/speech";
import type { Change } from "../model/replica";
import type { Target } from "../model/schema";
import type { Comment, Thread, Threads } from "../model/threads";
import { Emitter } from "../sync/emitter";
import { Session } from "../sync/session";
import { storage } from "../sync/storage";
import { Address } from "./address";
import { Canvas } from "./canvas";
import { type Draft, Drafts } from "./drafts";
import type { HostEvents } from "./host-events";
import { type Filter, listed } from "./listing";
import type { Person } from "./mentions";
import type { Options } from "./options";
import { linkTo, pageIdOf } from "./page-id";
import { type Peek, Peeking } from "./peeking";
import { People } from "./people";
import { draftOf } from "./rejected";
import { Store } from "./store";
import { arrivals, Unread } from "./unread";
import { Writing } from "./writing";

export interface View {
  /** Counts changes of what is shown and not in this object. */
  revision: number;
  dark: boolean;
  selected: Selected | null;
  composing: { target: Target; range: Range | null } | null;
  active: string | null;
  panel: boolean;
  filter: Filter;
  query: string;
  peek: Peek | null;
  said: string;
}

const TYPING_MS = 5_000;

export class Widget extends Emitter<HostEvents> {
  readonly view = new Store<View>({
    revision: 0,
    dark: false,
    selected: null,
    composing: null,
    active: null,
    panel: false,
    filter: "open",
    query: "",
    peek: null,
    said: "",
  });
  readonly speech: Speech;
  readonly people = new People();
  readonly writing = new Writing(this);
  readonly canvas: Canvas;
  session!: Session;
  drafts!: Drafts;
  unread!: Unread;
  page = "";
  /** When the connection became what it is now. */
  linkSince = Date.now();
  #link = "starting";
  #ready = false;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #typingIn: string | null = null;
  readonly #peeking = new Peeking((peek) => this.view.value.peek !== peek && this.view.set({ peek }));
  readonly #address: Address;
  #count = -1;
  #closed = new AbortController();

  constructor(
    readonly root: Element,
    readonly options: Options & { serverUrl: string },
    layer: HTMLElement,
  ) {
    super();
    const languages = [options.locale, document.documentElement.lang, ...navigator.languages];
    this.speech = new Speech(languages.filter((tag) => tag !== undefined && tag !== "") as string[]);
    this.canvas = new Canvas(
      root,
      layer,
      {
        placed: (aids) => this.#placed(aids),
        selected: (selected) => this.#selected(selected),
        hovered: (mark, at) => this.#peeking.over(this.canvas, mark, this.view.value.active, at),
        clicked: (mark) => this.#clicked(mark),
        dark: (dark) => this.view.set({ dark }),
      },
      options.hasDarkBackground,
    );
    const follows = options.urlId === undefined;
    this.#address = new Address(() => this.#followLink(), follows ? (page) => this.#reopen(page) : null);
    this.#open(options.urlId ?? pageIdOf(location.href));
    this.#listen();
  }

  get threads(): Threads {
    return this.session.threads;
  }

  get me(): string {
    return this.session.principal?.id ?? "";
  }

  get readonly(): boolean {
    return this.options.readonly === true || this.session.readonly;
  }

  get canModerate(): boolean {
    return ["moderator", "owner"].includes(this.session.principal?.role ?? "");
  }

  now(): number {
    return this.session.now();
  }

  name(user: string): string {
    if (user === this.me) return this.session.principal?.name || this.threads.name(user);
    const here = this.people.here.find((person) => person.id === user);
    return this.threads.name(user) || here?.name || this.speech.text("someone");
  }

  /** Whom one can mention: those here first, then those who wrote here. */
  get mentionable(): Person[] {
    return this.people.mentionable(this.threads.writers(), this.me);
  }

  isPending(comment: Comment): boolean {
    const key = `${comment.aid}/${comment.cid}`;
    for (const { intents } of this.session.pending.values())
      if (intents.some((intent) => intent.root === "c" && intent.key === key)) return true;
    return false;
  }

  // What people do

  compose(): void {
    const selected = this.canvas.selection.read() ?? this.view.value.selected;
    if (!selected || this.readonly) return;
    this.composeOn(this.canvas.target(selected), selected.range);
  }

  composeOn(target: Target, range: Range | null): void {
    this.canvas.draft(range);
    this.canvas.activate(null);
    document.getSelection()?.removeAllRanges();
    this.view.set({ composing: { target, range }, selected: null, active: null, peek: null });
  }

  stopComposing(): void {
    this.canvas.draft(null);
    this.view.set({ composing: null });
  }

  /** True if the text can be posted now; else it waits for a name or for the server. */
  get known(): boolean {
    return this.session.principal !== null && !this.session.needsName;
  }

  chooseName(name: string): void {
    this.session.chooseName(name.trim().slice(0, 64));
    this.#changed();
  }

  saveDraft(draft: Omit<Draft, "at" | "user">): void {
    this.drafts.put({ ...draft, at: Date.now(), user: this.me });
    this.#changed();
  }

  discardDraft(id: string): void {
    this.drafts.remove(id);
    this.#changed();
  }

  setTyping(aid: string | null): void {
    clearTimeout(this.#typing);
    if (aid !== null) this.#typing = setTimeout(() => this.setTyping(null), TYPING_MS);
    if (aid === this.#typingIn) return;
    this.#typingIn = aid;
    this.session.setPresence({ typing: aid, selection: null });
  }

  // What is looked at

  open(aid: string, reveal = false): void {
    this.canvas.activate(aid);
    this.canvas.suggest(aid);
    this.canvas.draft(null);
    this.#peeking.stop();
    this.view.set({ active: aid, composing: null, selected: null, peek: null });
    const range = this.canvas.rangeOf(aid);
    if (reveal && range) this.canvas.reveal(range);
    if (!range && this.isOrphan(aid)) this.view.set({ panel: true });
  }

  close(): void {
    this.setTyping(null);
    this.canvas.activate(null);
    this.canvas.suggest(null);
    this.view.set({ active: null });
  }

  togglePanel(panel = !this.view.value.panel): void {
    if (this.view.value.active) this.close();
    this.canvas.draft(null);
    this.view.set({ panel, composing: null });
    this.#repaint();
  }

  setFilter(filter: Filter): void {
    this.view.set({ filter });
    this.#repaint();
  }

  /** Marks as read what is on the screen. */
  seen(aid: string, cids: string[]): void {
    if (document.visibilityState === "visible" && this.unread.clear(aid, cids)) this.#changed();
  }

  step(by: 1 | -1): void {
    const threads = listed(this);
    if (threads.length === 0) return;
    const now = threads.findIndex((thread) => thread.aid === this.view.value.active);
    const next = now < 0 ? (by > 0 ? 0 : threads.length - 1) : (now + by + threads.length) % threads.length;
    this.open((threads[next] as Thread).aid, true);
  }

  copyLink(aid: string): Promise<void> {
    return navigator.clipboard.writeText(linkTo(location.href, aid));
  }

  place(aid: string): Mark | undefined {
    return this.canvas.marks.get(aid);
  }

  isOrphan(aid: string): boolean {
    const state = this.place(aid)?.place.state;
    return state === "orphaned" || state === "unsure";
  }

  say(said: string): void {
    // The same words twice are news twice: a live region tells only changes.
    this.view.set({ said: this.view.value.said === said ? `${said}\u00a0` : said });
  }

  destroy(): void {
    this.#closed.abort();
    this.#address.close();
    clearTimeout(this.#typing);
    this.#peeking.stop();
    this.canvas.close();
    this.session.destroy();
    this.clear();
  }

  #open(page: string): void {
    this.page = page;
    this.#ready = false;
    const { serverUrl, tenantId, sso } = this.options;
    const session = new Session({
      server: serverUrl,
      tenant: tenantId,
      page,
      sso: () => (typeof sso === "function" ? sso() : (sso ?? "")),
    });
    this.session = session;
    this.drafts = new Drafts(session.key, storage());
    this.unread = new Unread(session.key, storage());
    session.on("status", (status) => {
      if (status.link !== this.#link) this.linkSince = Date.now();
      this.#link = status.link;
      if (status.link !== "live") this.people.forget();
      if (status.link === "refused")
        console.warn(`crdtchat: the server refused the connection: ${status.reason || "no reason given"}`);
      this.emit("status", status);
      this.#changed();
    });
    session.on("presence", (frame) => {
      this.people.receive(frame);
      this.emit("presence", { people: frame.people, connections: frame.connections });
      this.#changed();
    });
    session.on("identity", () => {
      if (this.known) this.writing.known();
      this.#changed();
    });
    session.on("synced", ({ first }) => {
      this.#ready = true;
      if (first) this.#restoreDraft();
      this.#repaint();
      this.#followLink();
      this.emit("ready", {});
    });
    session.on("rejected", ({ operation, code }) => {
      const draft = draftOf(operation, code);
      if (draft) this.drafts.put(draft);
      this.say(this.speech.text("rejectedNote", { reason: this.speech.reason(code) }));
      this.#changed();
    });
    session.on("event", ({ kind, broadcastId, aid, cid, by, at }) => {
      const { tenantId: tenant } = this.options;
      this.emit(`${kind}-text-chat`, { tenant, page, aid, cid, by, at, broadcastId });
    });
    session.threads.onChange((aids, changes) => this.#threadsChanged(aids, changes));
    session.start().catch(reportError);
  }

  /** A reload in the middle of a sentence goes on in the middle of the sentence. */
  #restoreDraft(): void {
    const target = this.drafts.get("new")?.target;
    const range = target && this.canvas.marks.locate(target);
    if (target && range && !this.view.value.composing && !this.view.value.active)
      this.composeOn(target, range);
  }

  #reopen(page: string): void {
    if (page === this.page) return;
    this.session.destroy();
    for (const thread of this.threads.all()) this.canvas.marks.forget(thread.aid);
    this.people.forget();
    this.close();
    this.stopComposing();
    this.#open(page);
    this.#changed();
  }

  #threadsChanged(aids: Set<string>, changes: Change[]): void {
    for (const aid of aids) {
      const thread = this.threads.get(aid);
      if (thread) this.canvas.want(thread);
      else {
        this.canvas.marks.forget(aid);
        this.unread.clear(aid);
        if (this.view.value.active === aid) this.close();
      }
    }
    if (this.#ready) this.#news(changes);
    this.#repaint();
    this.#changed();
  }

  #news(changes: Change[]): void {
    const arrived = arrivals(changes, this.threads, this.me);
    const last = arrived.at(-1);
    if (!last) return;
    this.unread.add(arrived.map(({ aid, cid }) => `${aid}/${cid}`));
    const first = this.threads.get(last.aid)?.comments[0]?.cid === last.cid;
    this.say(this.speech.text(first ? "announceComment" : "announceReply", { name: this.name(last.author) }));
  }

  #changed(): void {
    this.view.set({ revision: this.view.value.revision + 1 });
    const count = this.threads
      .all()
      .reduce((sum, thread) => sum + thread.comments.filter((c) => !c.deletedBy).length, 0);
    if (!this.#ready || count === this.#count) return;
    this.#count = count;
    this.options.commentCountUpdated?.(count);
  }

  #repaint(): void {
    const open = new Set<string>();
    const resolved = new Set<string>();
    const { panel, filter } = this.view.value;
    for (const thread of this.threads.all()) {
      if (!thread.state.resolved) open.add(thread.aid);
      else if (panel && (filter === "resolved" || filter === "all")) resolved.add(thread.aid);
    }
    this.canvas.show(open, resolved);
  }

  #placed(aids: ReadonlySet<string>): void {
    const { active } = this.view.value;
    if (active && aids.has(active)) this.canvas.activate(active);
    this.#followLink();
    this.#changed();
  }

  #followLink(): void {
    const aid = this.#address.linked;
    if (!aid || !this.#ready || !this.threads.get(aid) || !this.place(aid)) return;
    this.#address.linked = undefined;
    this.open(aid, true);
  }

  #selected(selected: Selected | null): void {
    if (selected && !this.readonly) this.say(this.speech.text("selectionHint"));
    this.view.set({ selected: this.readonly ? null : selected });
  }

  #clicked(mark: Mark | undefined): void {
    if (mark) this.open(mark.aid);
    else if (this.view.value.active && !this.view.value.panel) this.close();
    if (!mark && this.view.value.composing && !this.drafts.get("new")) this.stopComposing();
  }

  #listen(): void {
    const { signal } = this.#closed;
    addEventListener(
      "storage",
      (event) => {
        if (this.drafts.reread(event) || this.unread.reread(event)) this.#changed();
      },
      { signal },
    );
  }
}
