/** One page's discussions, kept in sync: carries out what the provider decides. */
import { uuidText } from "../model/ids";
import { holds, type Operation } from "../model/intents";
import { Replica } from "../model/replica";
import { Threads } from "../model/threads";
import { Clock } from "./clock";
import { FORBIDDEN, RETRY, SIGN_IN } from "./closing";
import { Copy } from "./copy";
import { Database, type OperationRow } from "./database";
import type { Effect, Input } from "./effects";
import { Emitter } from "./emitter";
import { Identity } from "./identity";
import { Keeper } from "./keeper";
import { ASLEEP_MS, PROBE_AFTER_MS, TICK_MS } from "./patience";
import { Provider } from "./provider";
import type { PageStatus, SessionEvents } from "./session-events";
import type { SessionOptions } from "./session-options";
import { SignIn } from "./sign-in";
import { Socket } from "./socket";
import { storage } from "./storage";
import { Tabs } from "./tabs";
import type { Carrier, Transport } from "./transport";
import type { Presence, PresenceFrame, Principal, Welcome } from "./wire";

export class Session extends Emitter<SessionEvents> {
  readonly replica = new Replica();
  readonly threads = new Threads(this.replica);
  readonly key: string;
  status: PageStatus = { link: "starting", unsent: 0, others: 0, reason: "", unkept: 0 };
  presence: PresenceFrame | null = null;
  welcome: Welcome | null = null;
  /** Operations on their way, this tab's and other tabs': their records are marked until they are saved. */
  readonly pending = new Map<string, Operation>();
  readonly #provider = new Provider(this.replica, Math.random);
  readonly #database: Database;
  readonly #keeper: Keeper;
  readonly #copy: Copy;
  #tabs: Tabs;
  #transport: Transport;
  #identity: Identity;
  readonly #clock: Clock;
  readonly #signIn: SignIn;
  /** The server did not take the host page's token, and another was asked for. */
  #askedSso = false;
  /** Which connection is wanted: a token may come after that was given up. */
  #attempt = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #tickedAt = 0;
  #heardAt = 0;
  #syncedOnce = false;
  #stopped = new AbortController();
  readonly #watched = new Set<string>();

  constructor(options: SessionOptions) {
    super();
    const { server, tenant, page } = options;
    this.key = JSON.stringify([server, tenant, page]);
    // Who carries the frames itself also keeps the credentials.
    const kept = options.carrier ? null : storage();
    this.#signIn = new SignIn(options.sso, (error) => this.emit("tokenless", { error }));
    this.#identity = new Identity(server, tenant, () => this.#signIn.token, kept);
    this.#clock = new Clock(server, storage());
    const carrier: Carrier = options.carrier ?? ((place, events) => new Socket(place, events));
    this.#transport = carrier(options, {
      open: () => this.#receive({ type: "open" }),
      frame: (bytes) => {
        this.#heardAt = performance.now();
        try {
          this.#receive({ type: "frame", bytes });
        } catch (error) {
          // Not what the protocol allows. Another try gets another connection, perhaps to a saner server.
          reportError(error);
          this.#transport.disconnect();
          this.#receive({ type: "close", code: RETRY, reason: "unreadable message" });
        }
      },
      close: (code, reason) => this.#closed(code, reason),
    });
    this.#tabs = new Tabs(this.key, (message) => this.#fromTab(message));
    this.#database = new Database(globalThis.indexedDB, () => this.#diskLost());
    this.#keeper = new Keeper(this.#database, this.key, this.#tabs.id, () => this.#tellStatus());
    this.#copy = new Copy(this.#database, this.key, this.replica, this.#provider, this.#tabs);
  }

  get principal(): Principal | null {
    return this.welcome?.principal ?? this.#identity.principal;
  }

  /** Who is here, as far as that is known before the server was heard of; empty if not at all. */
  get user(): string {
    return this.principal?.id ?? this.#identity.subject;
  }

  /** A guest has to choose a name before the first word. */
  get needsName(): boolean {
    return !this.#identity.named && (this.welcome === null || this.welcome.principal.guest);
  }

  get readonly(): boolean {
    return this.welcome !== null && (this.welcome.readonly || this.welcome.principal.role === "viewer");
  }

  /** The time to date what is written by. */
  now(): number {
    return this.#clock.now();
  }

  async start(): Promise<void> {
    // Meanwhile: whoever has to know it asks again, and hears why there is none.
    this.#signIn.ask().catch(() => {});
    const restored = await this.#restore();
    if (this.#stopped.signal.aborted) return;
    this.#tabs.lead(() => this.#copy.renew());
    this.#listen();
    if (this.#provider.epoch > 0) this.#synced();
    this.#receive({ type: "start" });
    if (!navigator.onLine) this.#receive({ type: "network", online: false });
    this.#tabs.tell({ type: "hello", tab: this.#tabs.id });
    if (!restored) void this.#restoreLate();
  }

  submit(operation: Operation): void {
    this.pending.set(operation.broadcastId, operation);
    this.#keeper.keep(operation);
    this.#tabs.tell({ type: "operation", operation, tab: this.#tabs.id });
    this.#receive({ type: "submit", operation });
  }

  /** Asks the HTTP interface about something of this page, as the one whom the connection is for. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#transport.ask(this.#identity, path, init);
  }

  /** Does something that one tab of this browser is to do; not if another tab is at it. */
  alone(what: string, act: () => Promise<void>): Promise<void> {
    return this.#tabs.alone(what, act);
  }

  setPresence(state: Presence): void {
    this.#receive({ type: "presence", state });
  }

  chooseName(name: string): void {
    this.#identity.choose(name);
    this.welcome = null;
    this.#receive({ type: "reconnect" });
  }

  retry(): void {
    this.#askedSso = false;
    this.#signIn.renew();
    this.#receive({ type: "reconnect" });
  }

  destroy(): void {
    this.#stopped.abort();
    clearTimeout(this.#alarm);
    clearInterval(this.#ticking);
    this.#copy.close();
    this.#receive({ type: "stop" });
    this.#disconnect();
    this.#tabs.close();
    this.#identity.close();
    this.#keeper.close();
    this.#database.close();
    this.clear();
    this.replica.destroy();
  }

  #listen(): void {
    const { signal } = this.#stopped;
    addEventListener("online", () => this.#receive({ type: "network", online: true }), { signal });
    addEventListener("offline", () => this.#receive({ type: "network", online: false }), { signal });
    addEventListener("pagehide", () => this.#copy.save(), { signal });
    // Whoever went on to another page is not here, though the browser keeps this one for when they come back.
    const kept = (type: "stop" | "reconnect") => (event: PageTransitionEvent) =>
      event.persisted && this.#receive({ type });
    addEventListener("pagehide", kept("stop"), { signal });
    addEventListener("pageshow", kept("reconnect"), { signal });
    const probe = () => {
      if (document.visibilityState !== "visible") return;
      // Perhaps they come from where one signs in.
      if (this.status.link === "sign-in") this.retry();
      else if (this.status.link !== "live" || performance.now() - this.#heardAt > PROBE_AFTER_MS)
        this.#receive({ type: "probe" });
    };
    document.addEventListener("visibilitychange", probe, { signal });
    this.#tickedAt = Date.now();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    addEventListener("storage", (event) => this.#identity.reread(event), { signal });
    this.#identity.onChange(() => {
      this.welcome = null;
      this.#receive({ type: "reconnect" });
    });
  }

  #receive(input: Input): void {
    for (const effect of this.#provider.receive(input, performance.now(), Date.now())) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "connect":
        this.#connect(effect.lease);
        break;
      case "send":
        this.#transport.send(effect.bytes);
        break;
      case "disconnect":
        this.#disconnect();
        break;
      case "wake":
        clearTimeout(this.#alarm);
        if (effect.at !== null)
          this.#alarm = setTimeout(
            () => this.#receive({ type: "wake" }),
            Math.max(0, effect.at - performance.now()),
          );
        break;
      case "status":
        this.status = { ...effect.status, unkept: this.#keeper.unkept };
        this.emit("status", this.status);
        break;
      case "welcome":
        this.#welcomed(effect.welcome);
        break;
      case "settled": {
        const operation = this.pending.get(effect.broadcastId);
        this.pending.delete(effect.broadcastId);
        this.#keeper.drop(effect.broadcastId);
        this.#copy.soon();
        if (operation) this.emit("settled", operation);
        break;
      }
      case "rejected":
        this.pending.delete(effect.operation.broadcastId);
        this.#keeper.drop(effect.operation.broadcastId);
        this.#tabs.tell({ type: "rejected", broadcastId: effect.operation.broadcastId });
        this.emit("rejected", effect);
        break;
      case "event":
        this.pending.delete(uuidText(effect.event.broadcastId));
        this.emit("event", { ...effect.event, broadcastId: uuidText(effect.event.broadcastId) });
        break;
      case "presence":
        this.presence = effect.presence;
        this.emit("presence", effect.presence);
        break;
      case "rebuilt":
        this.#copy.forget(effect.epoch);
        this.emit("rebuilt", {});
        break;
      case "synced":
        this.#dropHeld();
        this.#copy.soon(effect.whole);
        this.#synced();
        break;
    }
  }

  #welcomed(welcome: Welcome): void {
    this.welcome = welcome;
    this.#clock.learn(welcome.now);
    this.#askedSso = false;
    this.threads.moderates = ["moderator", "owner"].includes(welcome.principal.role);
    this.#identity.welcomed(welcome.principal, welcome.token);
    this.emit("identity", welcome.principal);
  }

  #closed(code: number, reason: string): void {
    const { signed } = this.#identity;
    if (code === SIGN_IN && (signed ? !this.#askedSso : this.#identity.forgetToken())) {
      if (signed) this.#signIn.renew();
      this.#askedSso = signed;
      this.#receive({ type: "reconnect" });
      return;
    }
    // One whose token ran out may be who read the page before, and so may everybody whom a carrier signs in.
    const nobody = code === SIGN_IN && !signed && this.#transport instanceof Socket;
    if (this.welcome === null && (code === FORBIDDEN || nobody)) this.#copy.bar();
    this.#receive({ type: "close", code, reason });
  }

  /** With the token that it takes: a host page that has none now is a line that is down. */
  #connect(lease: string): void {
    const attempt = ++this.#attempt;
    const connect = () => this.#transport.connect(this.#identity, lease);
    if (this.#signIn.token !== null) connect();
    else
      this.#signIn.ask().then(
        () => attempt === this.#attempt && connect(),
        () => attempt === this.#attempt && this.#receive({ type: "close", code: RETRY, reason: "" }),
      );
  }

  #disconnect(): void {
    this.#attempt++;
    this.#signIn.giveUp();
    this.#transport.disconnect();
  }

  #tick(): void {
    const slept = Date.now() - this.#tickedAt > ASLEEP_MS;
    this.#tickedAt = Date.now();
    if (slept) this.#receive({ type: "woke" });
  }

  #synced(): void {
    const first = !this.#syncedOnce;
    this.#syncedOnce = true;
    this.emit("synced", { first });
  }

  #tellStatus(): void {
    this.status = { ...this.status, unkept: this.#keeper.unkept };
    this.emit("status", this.status);
  }

  #diskLost(): void {
    this.#keeper.lost();
    this.#copy.soon(true);
  }

  /** What earlier visits left on disk. False if it is not to be had yet. */
  async #restore(): Promise<boolean> {
    const copied = await this.#copy.restore().catch((error: unknown) => error);
    const operations = await this.#database.operations(this.key).catch((error: unknown) => error);
    if (this.#stopped.signal.aborted) return true;
    if (Array.isArray(operations)) this.#takeOver(operations);
    return ![copied, operations].some((one) => one instanceof DOMException && one.name === "TimeoutError");
  }

  async #restoreLate(): Promise<void> {
    while (!(await this.#restore()));
    if (this.#provider.epoch > 0 && !this.#syncedOnce) this.#synced();
  }

  /** Operations that earlier tabs left, and those of tabs that live and may yet die. */
  #takeOver(rows: OperationRow[]): void {
    for (const tab of new Set(rows.map((row) => row.tab))) {
      if (this.#tabs.canLock) this.#watch(tab);
      else void this.#claim(tab);
    }
    for (const { operation } of rows) this.#showForeign(operation);
  }

  #watch(tab: string): void {
    if (tab === this.#tabs.id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    this.#tabs.whenGone(tab, () => void this.#claim(tab));
  }

  async #claim(tab: string): Promise<void> {
    const found = await this.#database.claim(this.key, tab, this.#tabs.id).catch(() => null);
    if (this.#stopped.signal.aborted) return;
    // Another tab may have taken over from that one, and die in turn.
    for (const other of found?.others ?? []) this.#watch(other);
    for (const operation of found?.claimed ?? []) {
      this.replica.drop(operation.broadcastId);
      this.pending.set(operation.broadcastId, operation);
      this.#keeper.took(operation);
      this.#receive({ type: "submit", operation });
    }
  }

  #showForeign(operation: Operation): void {
    if (this.pending.has(operation.broadcastId)) return;
    if (operation.intents.every((intent) => holds(this.replica.written, intent))) return;
    this.pending.set(operation.broadcastId, operation);
    this.replica.wait(operation, true);
  }

  #fromTab(message: Parameters<ConstructorParameters<typeof Tabs>[1]>[0]): void {
    switch (message.type) {
      case "operation":
        this.#watch(message.tab);
        this.#showForeign(message.operation);
        break;
      case "rejected":
        this.pending.delete(message.broadcastId);
        this.replica.drop(message.broadcastId);
        break;
      case "hello":
        this.#watch(message.tab);
        break;
    }
  }

  /** Other tabs' operations that came back by way of the server. */
  #dropHeld(): void {
    const own = this.#provider.outbox;
    for (const operation of [...this.replica.waiting]) {
      if (own.find(operation.broadcastId)) continue;
      if (!operation.intents.every((intent) => holds(this.replica.written, intent))) continue;
      this.pending.delete(operation.broadcastId);
      this.replica.drop(operation.broadcastId);
    }
  }
}
