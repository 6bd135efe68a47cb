/** One page's discussions, kept in sync: carries out what the provider decides. */
import { uuidText } from "../model/ids";
import { holds, type Operation } from "../model/intents";
import { Replica } from "../model/replica";
import { Threads } from "../model/threads";
import { Clock } from "./clock";
import { type Database, openDatabase } from "./database";
import type { Effect, Input, Status } from "./effects";
import { Emitter } from "./emitter";
import { Identity } from "./identity";
import { Provider } from "./provider";
import type { SessionEvents } from "./session-events";
import { Socket } from "./socket";
import { storage } from "./storage";
import { Tabs } from "./tabs";
import type { Carrier, Transport } from "./transport";
import type { Presence, PresenceFrame, Principal, Welcome } from "./wire";

export interface SessionOptions {
  /** Where the server is: http(s)://host[:port][/prefix] */
  server: string;
  tenant: string;
  page: string;
  /** See Place. */
  fetch?: typeof fetch;
  sso: () => string | Promise<string>;
  /** Left out: over the web, and a guest's name and token are kept in the browser. */
  carrier?: Carrier;
}

const SAVE_AFTER_MS = 800;
const PROBE_AFTER_MS = 45_000;

export class Session extends Emitter<SessionEvents> {
  readonly replica = new Replica();
  readonly threads = new Threads(this.replica);
  readonly key: string;
  status: Status = { link: "starting", unsent: 0, reason: "" };
  presence: PresenceFrame | null = null;
  welcome: Welcome | null = null;
  /** Operations on their way, this tab's and other tabs': their records are marked until they are saved. */
  readonly pending = new Map<string, Operation>();
  #provider!: Provider;
  #database: Database | null = null;
  #tabs: Tabs;
  #transport: Transport;
  #identity: Identity;
  readonly #clock: Clock;
  #ssoToken = "";
  #askedSso = false;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #writeWhole = true;
  #saveWanted = false;
  #heardAt = 0;
  #syncedOnce = false;
  #stopped = new AbortController();

  constructor(private readonly options: SessionOptions) {
    super();
    const { server, tenant, page } = options;
    this.key = JSON.stringify([server, tenant, page]);
    // Who carries the frames itself also keeps the credentials.
    const kept = options.carrier ? null : storage();
    this.#identity = new Identity(server, tenant, () => this.#ssoToken, kept);
    this.#clock = new Clock(server, storage());
    const carrier: Carrier = options.carrier ?? ((place, events) => new Socket(place, events));
    this.#transport = carrier(options, {
      open: () => this.#receive({ type: "open" }),
      frame: (bytes) => {
        this.#heardAt = Date.now();
        try {
          this.#receive({ type: "frame", bytes });
        } catch (error) {
          // Not what the protocol allows. Another try gets another connection, perhaps to a saner server.
          reportError(error);
          this.#transport.disconnect();
          this.#receive({ type: "close", code: 4500, reason: "unreadable message" });
        }
      },
      close: (code, reason) => this.#closed(code, reason),
    });
    this.#tabs = new Tabs(this.key, (message) => this.#fromTab(message));
  }

  get principal(): Principal | null {
    return this.welcome?.principal ?? this.#identity.principal;
  }

  /** A guest has to choose a name before the first word. */
  get needsName(): boolean {
    return !this.#identity.named && (this.welcome === null || this.welcome.principal.guest);
  }

  get readonly(): boolean {
    if (this.welcome === null) return false;
    return this.welcome.readonly || this.welcome.principal.role === "viewer";
  }

  /** The time to date what is written by. */
  now(): number {
    return this.#clock.now();
  }

  async start(): Promise<void> {
    this.#ssoToken = await this.options.sso();
    this.#database = await openDatabase(globalThis.indexedDB);
    const stored = await this.#database?.load(this.key).catch(() => undefined);
    if (this.#stopped.signal.aborted) return;
    const epoch = Math.max(0, ...(stored?.replica.map((row) => row.epoch) ?? []));
    let sequence = 0;
    for (const row of stored?.replica ?? []) {
      if (row.epoch !== epoch) continue;
      this.replica.apply(row.update);
      sequence = row.sequence;
    }
    this.replica.takeUpdates();
    this.#provider = new Provider(this.replica, Math.random, { epoch, sequence });
    this.#tabs.lead(() => {
      this.#writeWhole = true;
      this.#save();
    });
    this.#takeOver(stored?.operations ?? []);
    this.#listen();
    if (epoch > 0) this.#synced();
    this.#receive({ type: "start" });
    if (!navigator.onLine) this.#receive({ type: "network", online: false });
    this.#tabs.tell({ type: "hello", tab: this.#tabs.id });
  }

  submit(operation: Operation): void {
    this.pending.set(operation.broadcastId, operation);
    this.#keep(operation);
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
    void this.#refreshSso().then(() => this.#receive({ type: "reconnect" }));
  }

  destroy(): void {
    this.#stopped.abort();
    clearTimeout(this.#alarm);
    clearTimeout(this.#saving);
    this.#save();
    if (this.#provider) this.#receive({ type: "stop" });
    this.#transport.disconnect();
    this.#tabs.close();
    this.#identity.close();
    this.#database?.close();
    this.clear();
    this.replica.destroy();
  }

  #listen(): void {
    const { signal } = this.#stopped;
    addEventListener("online", () => this.#receive({ type: "network", online: true }), { signal });
    addEventListener("offline", () => this.#receive({ type: "network", online: false }), { signal });
    addEventListener("pagehide", () => this.#save(), { signal });
    const probe = () => {
      if (document.visibilityState !== "visible") return;
      if (this.status.link !== "live" || Date.now() - this.#heardAt > PROBE_AFTER_MS)
        this.#receive({ type: "probe" });
    };
    document.addEventListener("visibilitychange", probe, { signal });
    addEventListener("pageshow", probe, { signal });
    addEventListener("storage", (event) => this.#identity.reread(event), { signal });
    this.#identity.onChange(() => {
      this.welcome = null;
      this.#receive({ type: "reconnect" });
    });
  }

  #receive(input: Input): void {
    if (!this.#provider) return;
    for (const effect of this.#provider.receive(input, Date.now())) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "connect":
        this.#transport.connect(this.#identity, effect.lease);
        break;
      case "send":
        this.#transport.send(effect.bytes);
        break;
      case "disconnect":
        this.#transport.disconnect();
        break;
      case "wake":
        clearTimeout(this.#alarm);
        if (effect.at !== null)
          this.#alarm = setTimeout(
            () => this.#receive({ type: "wake" }),
            Math.max(0, effect.at - Date.now()),
          );
        break;
      case "status":
        this.status = effect.status;
        this.emit("status", effect.status);
        break;
      case "welcome":
        this.#welcomed(effect.welcome);
        break;
      case "settled": {
        const operation = this.pending.get(effect.broadcastId);
        this.pending.delete(effect.broadcastId);
        void this.#database?.remove(effect.broadcastId).catch(() => {});
        this.#saveSoon();
        if (operation) this.emit("settled", operation);
        break;
      }
      case "rejected":
        this.pending.delete(effect.operation.broadcastId);
        void this.#database?.remove(effect.operation.broadcastId).catch(() => {});
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
        void this.#database?.forget(this.key, effect.epoch).catch(() => {});
        this.emit("rebuilt", {});
        break;
      case "synced":
        if (effect.whole) this.#writeWhole = true;
        this.#dropHeld();
        this.#saveSoon();
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
    if (code === 4401) {
      if (this.#identity.signed && !this.#askedSso) {
        void this.#refreshSso().then(() => this.#receive({ type: "reconnect" }));
        return;
      }
      if (!this.#identity.signed && this.#identity.forgetToken()) {
        // The guest is somebody new to the server now: what the old one did not get out becomes drafts.
        for (const { operation } of [...this.#provider.outbox.waiting, ...this.#provider.outbox.sent])
          this.emit("rejected", { operation, code: "signed-out", reason });
        this.#receive({ type: "reconnect" });
        return;
      }
    }
    this.#receive({ type: "close", code, reason });
  }

  async #refreshSso(): Promise<void> {
    this.#askedSso = true;
    this.#ssoToken = await this.options.sso();
  }

  #synced(): void {
    const first = !this.#syncedOnce;
    this.#syncedOnce = true;
    this.emit("synced", { first });
  }

  #keep(operation: Operation): void {
    const { broadcastId } = operation;
    void this.#database?.put({ page: this.key, broadcastId, tab: this.#tabs.id, operation }).catch(() => {});
  }

  /** Operations that earlier tabs left, and those of tabs that live and may yet die. */
  #takeOver(rows: { tab: string; operation: Operation }[]): void {
    for (const tab of new Set(rows.map((row) => row.tab))) {
      if (this.#tabs.canLock) this.#watch(tab);
      else void this.#claim(tab);
    }
    for (const { operation } of rows) this.#showForeign(operation);
  }

  readonly #watched = new Set<string>();

  #watch(tab: string): void {
    if (tab === this.#tabs.id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    this.#tabs.whenGone(tab, () => void this.#claim(tab));
  }

  async #claim(tab: string): Promise<void> {
    const operations = (await this.#database?.claim(this.key, tab, this.#tabs.id).catch(() => [])) ?? [];
    for (const operation of operations) {
      this.replica.drop(operation.broadcastId);
      this.pending.set(operation.broadcastId, operation);
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

  #saveSoon(): void {
    this.#saveWanted = true;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  /** Only what the server has confirmed is kept: never while an operation is in the replica unanswered. */
  #save(): void {
    const provider = this.#provider;
    if (!provider || !this.#database || !this.#saveWanted || provider.epoch === 0 || provider.stale) return;
    if (this.#tabs.canLock && !this.#tabs.leads) {
      this.replica.takeUpdates();
      return;
    }
    if (provider.outbox.sent.length > 0) return;
    const whole = this.#writeWhole || !this.#tabs.canLock;
    const fresh = this.replica.takeUpdates();
    const update = whole ? this.replica.state : fresh;
    if (!update) return;
    this.#writeWhole = false;
    this.#saveWanted = false;
    const { epoch, sequence } = provider;
    void this.#database.keep({ page: this.key, epoch, sequence, update }, whole).catch(() => {
      this.#writeWhole = true;
    });
  }
}
