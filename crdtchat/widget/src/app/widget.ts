/** One discussed element: brings together the session, the page and what the interface shows. */
import { copy } from "../dom/clipboard";
import { unselect } from "../dom/focused";
import type { Mark } from "../dom/marks";
import type { Selected } from "../dom/selection";
import { Speech } from "../locale/speech";
import type { Operation } from "../model/intents";
import type { Target } from "../model/schema";
import type { Comment, Thread, Threads } from "../model/threads";
import { Emitter } from "../sync/emitter";
import type { Session } from "../sync/session";
import { whenWritten } from "../sync/storage";
import { Address } from "./address";
import { Attaching, suggestionKey } from "./attaching";
import { Canvas, isWhole } from "./canvas";
import { type Draft, type Drafts, placeId } from "./drafts";
import type { Filter } from "./filters";
import type { Host } from "./host";
import type { HostEvents } from "./host-events";
import type { KeptSet } from "./kept-set";
import { listed } from "./listing";
import type { Person } from "./mentions";
import type { Options } from "./options";
import { linkTo } from "./page-id";
import { Peeking } from "./peeking";
import { People } from "./people";
import type { Stage } from "./stage";
import { Store } from "./store";
import { isEcho, type Known } from "./together";
import { Typing } from "./typing";
import type { Unread } from "./unread";
import { FIRST_VIEW, type View } from "./view";
import { Visits } from "./visits";
import { Writing } from "./writing";

const NOTICE_MS = 8_000;
/** "5 min. ago" is no longer true then. */
const AGED_MS = 60_000;

export class Widget extends Emitter<HostEvents> implements Stage {
  readonly view = new Store<View>(FIRST_VIEW);
  /** Counts changes of drafts: of all that is drawn their list alone shows them. */
  readonly drafted = new Store({ revision: 0 });
  readonly speech: Speech;
  readonly people = new People();
  readonly writing: Writing = new Writing(this);
  readonly attaching: Attaching = new Attaching(this);
  readonly canvas: Canvas;
  readonly typing = new Typing((typing) => this.session.setPresence({ typing, selection: null }));
  readonly visits: Visits;
  readonly #peeking = new Peeking(this.view);
  readonly #address: Address;
  #closed = new AbortController();
  #noticed: ReturnType<typeof setTimeout> | undefined;
  readonly #aging = setInterval(() => this.changed(), AGED_MS);

  constructor(
    readonly root: Element,
    readonly options: Options & { serverUrl: string },
    layer: HTMLElement,
    readonly host?: Host,
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
        textChanged: () => this.visits.now.following.textChanged(),
        recall: (version) => this.visits.now.versions.recall(version),
        declined: (aid, words) => this.declined.members.has(suggestionKey(aid, words)),
      },
      options.hasDarkBackground,
      host,
    );
    const follows = options.urlId === undefined;
    this.#address = new Address(() => this.followLink(), follows ? () => this.visits.follow() : null);
    this.visits = new Visits(this);
    this.visits.now.start();
    this.#listen();
  }

  get session(): Session {
    return this.visits.now.session;
  }

  get drafts(): Drafts {
    return this.visits.now.drafts;
  }

  get unread(): Unread {
    return this.visits.now.unread;
  }

  get declined(): KeptSet {
    return this.visits.now.declined;
  }

  /** When the connection became what it is now. */
  get linkSince(): number {
    return this.visits.now.linkSince;
  }

  /** The panel is where the host has its own, and not over the page. */
  get docked(): boolean {
    return this.host?.docked === true;
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
    return this.threads.moderates;
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
    if (this.view.value.attaching) {
      this.attaching.choose();
      return;
    }
    const selected = this.canvas.selection.read() ?? this.view.value.selected;
    if (!selected || this.readonly) return;
    this.composeOn(this.target(selected), selected.range);
  }

  composeOn(target: Target, range: Range | null, draft = this.#draftAt(target, range)): void {
    this.canvas.draft(isWhole(target) ? null : range);
    this.canvas.activate(null);
    unselect();
    this.view.set({ composing: { target, range, draft }, selected: null, active: null, peek: null });
  }

  /** Begins a discussion of a part as a whole, which only hosts have names for. */
  composeWhole(target: Target): void {
    if (this.readonly) return;
    const range = this.canvas.locate(target) ?? null;
    if (!range) this.canvas.bringPart(target);
    this.composeOn(target, range);
  }

  /** What an annotation of these words is about, with the page version if such are kept. */
  target(place: { startCp: number; endCp: number }): Target {
    const target = this.canvas.target(place);
    return this.visits.now.versions.offered ? target : { ...target, version: "" };
  }

  submit(operation: Operation): void {
    this.visits.now.submit(operation);
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
    this.changed();
  }

  /** At each key: nothing is drawn again but what shows it. */
  saveDraft(draft: Omit<Draft, "at" | "user">): void {
    const withdrawn = this.writing.withdraw(draft.id);
    this.drafts.put({ ...draft, at: Date.now(), user: this.session.user });
    this.#draftsChanged();
    if (withdrawn) this.changed();
  }

  discardDraft(id: string): void {
    this.writing.withdraw(id);
    this.drafts.remove(id);
    this.changed();
  }

  // What is looked at

  open(aid: string, reveal = false): void {
    this.attaching.leave();
    this.canvas.activate(aid);
    this.canvas.suggest(aid);
    this.canvas.draft(null);
    this.#peeking.stop();
    this.view.set({ active: aid, composing: null, selected: null, peek: null });
    if (reveal) this.canvas.reveal(aid);
    if (!this.canvas.rangeOf(aid) && this.isOrphan(aid) && !this.view.value.panel) {
      this.view.set({ panel: true });
      this.host?.showPanel?.(true);
    }
  }

  close(): void {
    this.typing.in(null);
    this.canvas.activate(null);
    this.canvas.suggest(null);
    this.view.set({ active: null });
  }

  togglePanel(panel = !this.view.value.panel): void {
    if (this.host?.panelStays && !panel) return;
    this.attaching.leave();
    if (this.view.value.active) this.close();
    this.canvas.draft(null);
    const other = panel !== this.view.value.panel;
    this.view.set({ panel, composing: null });
    // A host may answer by telling that it did: by then it is so.
    if (other) this.host?.showPanel?.(panel);
    this.repaint();
  }

  setFilter(filter: Filter): void {
    this.view.set({ filter });
    this.repaint();
  }

  /** Marks as read what is on the screen. */
  seen(aid: string, cids: string[]): void {
    if (document.visibilityState === "visible" && this.unread.clear(aid, cids)) this.changed();
  }

  step(by: 1 | -1): void {
    const threads = listed(this);
    if (threads.length === 0) return;
    const now = threads.findIndex((thread) => thread.aid === this.view.value.active);
    const next = now < 0 ? (by > 0 ? 0 : threads.length - 1) : (now + by + threads.length) % threads.length;
    this.open((threads[next] as Thread).aid, true);
  }

  copyLink(aid: string): Promise<void> {
    return copy(linkTo(location.href, aid));
  }

  place(aid: string): Mark | undefined {
    return this.canvas.marks.get(aid);
  }

  isOrphan(aid: string): boolean {
    const state = this.place(aid)?.place.state;
    return state === "orphaned" || state === "unsure";
  }

  knows(aid: string): Known {
    const mark = this.place(aid);
    if (!this.threads.get(aid)) return this.session.status.link === "live" ? "gone" : "unknown";
    return mark ? (mark.range ? "here" : "lost") : "pending";
  }

  say(said: string): void {
    if (this.canvas.paused || isEcho(said, this)) return;
    // The same words twice are news twice: a live region tells only changes.
    this.view.set({ said: this.view.value.said === said ? `${said}\u00a0` : said });
  }

  /** Says it also to those who see: nothing else on the screen tells what became of what they did. */
  tell(notice: string): void {
    this.say(notice);
    clearTimeout(this.#noticed);
    this.view.set({ notice });
    this.#noticed = setTimeout(() => this.view.set({ notice: "" }), NOTICE_MS);
  }

  // What the visited page and the text tell

  changed(): void {
    this.view.set({ revision: this.view.value.revision + 1 });
    this.visits.now.count();
  }

  repaint(): void {
    const open = new Set<string>();
    const resolved = new Set<string>();
    const { panel, filter } = this.view.value;
    for (const thread of this.threads.all()) {
      if (!thread.state.resolved) open.add(thread.aid);
      else if (panel && (filter === "resolved" || filter === "all")) resolved.add(thread.aid);
    }
    this.canvas.show(open, resolved);
  }

  followLink(): void {
    if (this.visits.now.ready) this.#address.follow(this);
  }

  destroy(): void {
    this.#closed.abort();
    clearTimeout(this.#noticed);
    clearInterval(this.#aging);
    this.attaching.leave();
    this.#address.close();
    this.typing.close();
    this.#peeking.stop();
    this.canvas.close();
    this.visits.now.close();
    this.clear();
  }

  /** The draft of a place: what was begun there, also where the text before it has changed meanwhile. */
  #draftAt(target: Target, range: Range | null): string {
    const id = placeId(target);
    const begun = this.drafts.begun();
    const there =
      begun.find((draft) => draft.id === id) ?? begun.find((draft) => this.canvas.isAt(draft.target, range));
    return there?.id ?? id;
  }

  #placed(aids: ReadonlySet<string>): void {
    const { active, composing } = this.view.value;
    const range = composing && this.canvas.again(composing.target, composing.range);
    if (composing && range !== composing.range) {
      this.canvas.draft(range);
      this.view.set({ composing: { ...composing, range } });
    }
    if (active && aids.has(active)) {
      this.canvas.activate(active);
      this.canvas.suggest(active);
    }
    this.followLink();
    if (aids.size > 0) this.changed();
  }

  #selected(selected: Selected | null): void {
    const hint = this.view.value.attaching ? "attachHint" : "selectionHint";
    if (selected && !this.readonly) this.say(this.speech.text(hint));
    this.view.set({ selected: this.readonly ? null : selected });
  }

  #clicked(mark: Mark | undefined): void {
    if (this.view.value.attaching) return;
    if (mark) this.open(mark.aid);
    else if (this.view.value.active && !this.view.value.panel) this.close();
    const { composing } = this.view.value;
    if (!mark && composing && !this.drafts.get(composing.draft)) this.stopComposing();
  }

  #draftsChanged(): void {
    this.drafted.set({ revision: this.drafted.value.revision + 1 });
  }

  #listen(): void {
    whenWritten((key) => {
      if (this.drafts.reread(key)) this.#draftsChanged();
      else if (this.unread.reread(key)) this.changed();
    }, this.#closed.signal);
  }
}
