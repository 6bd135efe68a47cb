/** One page while it is looked at: its session with the server, its drafts, and what of it is unread. */
import type { Operation } from "../model/intents";
import type { Change } from "../model/replica";
import { annotationOfKey } from "../model/schema";
import { Session } from "../sync/session";
import { storage } from "../sync/storage";
import { Versions } from "../sync/versions";
import { Drafts } from "./drafts";
import { Following } from "./following";
import { KeptSet } from "./kept-set";
import { draftOf } from "./rejected";
import type { Stage } from "./stage";
import { arrivals, Unread } from "./unread";

const MOST_DECLINED = 200;

export class Visit {
  readonly session: Session;
  readonly drafts: Drafts;
  readonly unread: Unread;
  /** Suggestions that were found wrong in this browser. */
  readonly declined: KeptSet;
  readonly versions: Versions;
  readonly following: Following;
  /** The discussions are here: from then on what arrives is news. */
  ready = false;
  /** When the connection became what it is now, by `performance.now`. */
  linkSince = performance.now();
  #link = "starting";
  #endangered = false;
  /** The discussions were here before it was known whose drafts to show. */
  #early = false;
  #count = -1;
  /** One's own: other visits of the page ask, or not, for themselves. */
  readonly #stay = (event: BeforeUnloadEvent) => {
    event.preventDefault();
    // What browsers of before 2024 go by.
    event.returnValue = "unsent";
  };

  constructor(
    private readonly widget: Stage,
    readonly page: string,
  ) {
    const { serverUrl, tenantId, sso } = widget.options;
    this.session = new Session({
      server: serverUrl,
      tenant: tenantId,
      page,
      sso: () => (typeof sso === "function" ? sso() : (sso ?? "")),
      ...(widget.host?.carrier && { carrier: widget.host.carrier }),
      ...(__CRDTCHAT_HOSTED__ && widget.host?.fetch && { fetch: widget.host.fetch }),
    });
    const user = () => this.session.user;
    this.drafts = new Drafts(this.session.key, storage(), user, () => this.#warn());
    this.unread = new Unread(this.session.key, storage());
    this.declined = new KeptSet(`crdtchat:declined:${this.session.key}`, MOST_DECLINED, storage());
    this.versions = new Versions(this.session);
    this.following = new Following(widget, this.session);
  }

  start(): void {
    this.#listen();
    this.session.start().catch(reportError);
  }

  submit(operation: Operation): void {
    this.versions.owe(operation, (version) => this.widget.canvas.text.of(version));
    this.session.submit(operation);
  }

  close(): void {
    this.following.close();
    this.versions.close();
    this.session.destroy();
    removeEventListener("beforeunload", this.#stay);
  }

  /** Tells the host page how many comments there are, if that is not what it knows. */
  count(): void {
    const threads = this.session.threads.all();
    const count = threads.reduce((sum, { comments }) => sum + comments.filter((c) => !c.deletedBy).length, 0);
    if (!this.ready || count === this.#count) return;
    this.#count = count;
    try {
      this.widget.options.commentCountUpdated?.(count);
    } catch (error) {
      // The host page's mistake must not stop what told of the change.
      reportError(error);
    }
  }

  #listen(): void {
    const { widget, session, page } = this;
    session.on("status", (status) => {
      const turned = status.link !== this.#link;
      if (turned) this.linkSince = performance.now();
      this.#link = status.link;
      if (status.link !== "live") widget.people.forget();
      this.#warn();
      // For who has put the widget into the page: readers see only that they should sign in.
      const signed = status.link === "sign-in" && widget.options.sso !== undefined;
      if (turned && (status.link === "refused" || signed))
        console.warn(`crdtchat: the server refused the connection: ${status.reason || "no reason given"}`);
      if (turned && status.link === "live") widget.followLink();
      widget.emit("status", status);
      widget.changed();
    });
    session.on("tokenless", ({ error }) => console.warn(`crdtchat: the page gave no token: ${error}`));
    session.on("presence", (frame) => {
      widget.people.receive(frame);
      widget.emit("presence", { people: frame.people, connections: frame.connections });
      widget.changed();
    });
    session.on("identity", () => {
      if (widget.known) widget.writing.known();
      if (this.#early) this.#restoreDraft();
      widget.changed();
    });
    session.on("synced", ({ first }) => {
      this.ready = true;
      widget.canvas.marks.recallAgain();
      if (first) this.#restoreDraft();
      widget.repaint();
      widget.followLink();
      widget.emit("ready", {});
    });
    session.on("rejected", ({ operation, code }) => {
      const draft = draftOf(operation, code);
      if (draft) this.drafts.put(draft);
      const note = draft ? "rejectedNote" : "announceRefused";
      widget.tell(widget.speech.text(note, { reason: widget.speech.reason(code) }));
      widget.changed();
    });
    session.on("event", ({ kind, broadcastId, aid, cid, by, at }) => {
      const { tenantId: tenant } = widget.options;
      widget.emit(`${kind}-text-chat`, { tenant, page, aid, cid, by, at, broadcastId });
    });
    session.threads.onChange((aids, changes) => this.#threadsChanged(aids, changes));
  }

  #threadsChanged(aids: Set<string>, changes: Change[]): void {
    const { widget, unread } = this;
    for (const aid of aids) {
      const thread = widget.threads.get(aid);
      if (thread) widget.canvas.want(thread);
      else {
        widget.canvas.marks.forget(aid);
        unread.clear(aid);
        if (widget.view.value.active === aid) this.#closeGone(aid, changes);
        if (widget.view.value.attaching?.aid === aid) widget.attaching.cancel();
      }
    }
    if (this.ready) this.#news(changes);
    widget.repaint();
    widget.changed();
  }

  /** A discussion that was open is there no more; whoever was in it hears why it closes. */
  #closeGone(aid: string, changes: Change[]): void {
    const { widget } = this;
    widget.close();
    const others = changes.some(({ remote, key }) => remote && annotationOfKey(key) === aid);
    if (!others || widget.view.value.notice) return;
    widget.tell(widget.speech.text(this.drafts.get(`reply:${aid}`) ? "removedNote" : "removed"));
  }

  #news(changes: Change[]): void {
    const { widget, unread } = this;
    const arrived = arrivals(changes, widget.threads, widget.me);
    const last = arrived.at(-1);
    if (!last) return;
    unread.add(arrived.map(({ aid, cid }) => `${aid}/${cid}`));
    const first = widget.threads.get(last.aid)?.comments[0]?.cid === last.cid;
    const name = widget.name(last.author);
    widget.say(widget.speech.text(first ? "announceComment" : "announceReply", { name }));
  }

  /** Words that are only in this page go with it: its reader is told, and asked before it closes. */
  #warn(): void {
    const { link, unkept } = this.session.status;
    const unsaved = this.drafts.unkept;
    if (unkept > 0 || unsaved) addEventListener("beforeunload", this.#stay);
    else removeEventListener("beforeunload", this.#stay);
    const endangered = unsaved || (unkept > 0 && link !== "live");
    if (endangered && !this.#endangered) this.widget.tell(this.widget.speech.text("unkeptNote"));
    this.#endangered = endangered;
  }

  /** A reload in the middle of a sentence goes on in the middle of the sentence. */
  #restoreDraft(): void {
    const { widget } = this;
    this.#early = this.session.user === "";
    if (widget.view.value.composing || widget.view.value.active) return;
    for (const { id, target } of this.drafts.begun()) {
      const range = widget.canvas.locate(target);
      if (!range) continue;
      widget.composeOn(target, range, id);
      return;
    }
  }
}
