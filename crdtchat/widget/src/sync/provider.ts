/**
 * The client's end of `crdtchat.v1`, without I/O: inputs go in with the time, effects come out in order.
 *
 * Numbered invariants, cited by the tests:
 * 1. An operation leaves the outbox exactly once: acked, held by the document already, or rejected.
 * 2. Nothing is sent between opening (or asking for a resync) and the batch that answers it.
 * 3. Operations go out in the order they were made, each at the next clock of the leased id.
 * 4. After a refusal, a new lease or a new epoch the replica is what the server has plus replayed intents.
 * 5. An event of an operation of this client is never reported, one of another client once.
 * 6. Unless it was told to stop or to sign in, it always has a time at which it will try again.
 * 7. What the server refuses as dated ahead of its clock waits for the next welcome, which tells the time, and is
 *    sent once more, dated anew; refused again it is rejected.
 * 8. Bytes that may be in the log are never replaced by others under the same id and clock: where the server's
 *    state ends below them, the lease is left for another.
 */

import { redate } from "../model/dating";
import { uuidBytes, uuidText } from "../model/ids";
import { attained, holds, obstacle } from "../model/intents";
import type { Replica } from "../model/replica";
import { isGuest } from "../model/schema";
import { Backoff } from "./backoff";
import { OVER, TOO_FAST, verdict } from "./closing";
import type { Effect, Input, Status } from "./effects";
import { type Entry, Outbox } from "./outbox";
import { ANSWER_MS, BREATH_MS, OFFLINE_MS, PATIENCE_MS } from "./patience";
import * as wire from "./wire";

type Phase = "idle" | "waiting" | "connecting" | "joining" | "live" | "stopped";

const NOTHING = Uint8Array.of(0);
const REMEMBERED_EVENTS = 2_000;
const COME_BACK_LATER = new Set(["unavailable", "rate-limited"]);

export class Provider {
  readonly outbox = new Outbox();
  epoch = 0;
  sequence = 0;
  #phase: Phase = "idle";
  #welcome: wire.Welcome | null = null;
  #lease = "";
  /** A clock of the leased id below which nothing may be written: there is something, or nobody here knows. */
  #reached = 0;
  /** What this machine's clock says, and how far it is ahead of the server's, in milliseconds. */
  #clock = { date: 0, ahead: 0 };
  #offline = false;
  #status: Status = { link: "starting", unsent: 0, others: 0, reason: "" };
  #shown: Status | null = null;
  #backoff: Backoff;
  #tryAt: number | null = null;
  #answerBy: number | null = null;
  #alarm: number | null = null;
  #presence: wire.Presence = { typing: null, selection: null };
  #own = new Set<string>();
  #told = new Set<string>();
  #whole = false;
  #effects: Effect[] = [];

  constructor(
    private readonly replica: Replica,
    random: () => number,
  ) {
    this.#backoff = new Backoff(random);
  }

  /** The replica holds what the server once had, up to there. Only before the server was heard of. */
  resume(epoch: number, sequence: number): void {
    this.epoch = epoch;
    this.sequence = sequence;
  }

  /** Whether the replica is to be dropped for a state that has not come yet: no copy of it may be kept. */
  get stale(): boolean {
    return this.#whole;
  }

  get welcome(): wire.Welcome | null {
    return this.#welcome;
  }

  /** `now`: by a clock that nobody sets, for waiting; `date`: by the machine's, for dating. */
  receive(input: Input, now: number, date = now): Effect[] {
    this.#effects = [];
    this.#clock.date = date;
    this.#take(input, now);
    this.#settle(now);
    return this.#effects;
  }

  #take(input: Input, now: number): void {
    switch (input.type) {
      case "start":
      case "reconnect":
        this.#hangUp();
        this.#connect(now);
        break;
      case "stop":
        this.#hangUp();
        this.#phase = "stopped";
        this.#tryAt = null;
        break;
      case "open":
        if (this.#phase === "connecting") this.#answerBy = now + ANSWER_MS;
        break;
      case "frame":
        this.#frame(input.bytes, now);
        break;
      case "close":
        this.#closed(input.code, input.reason, now);
        break;
      case "wake":
        // A timer may fire a little early; it is set anew then.
        this.#alarm = null;
        if (this.#answerBy !== null && now >= this.#answerBy) this.#lost(now);
        else if (this.#tryAt !== null && now >= this.#tryAt) this.#connect(now);
        break;
      case "network":
        if (this.#phase === "stopped" || this.#phase === "idle") break;
        this.#offline = !input.online;
        if (!input.online) this.#lost(now);
        else if (this.#phase === "waiting") this.#connect(now);
        break;
      case "probe":
        if (this.#phase === "waiting") this.#connect(now);
        else if (this.#phase === "live") this.#join(now);
        break;
      case "woke":
        if (this.#phase === "stopped" || this.#phase === "idle") break;
        this.#hangUp();
        this.#connect(now);
        break;
      case "submit":
        this.#own.add(input.operation.broadcastId);
        this.outbox.add(input.operation);
        this.replica.wait(input.operation);
        break;
      case "presence":
        this.#presence = input.state;
        if (this.#phase === "live") this.#send(wire.presence(input.state));
        break;
    }
  }

  #connect(now: number): void {
    this.#phase = "connecting";
    this.#tryAt = null;
    this.#answerBy = now + ANSWER_MS;
    this.#effects.push({ type: "connect", lease: this.#lease });
  }

  #hangUp(): void {
    this.#reach(this.outbox.sent);
    if (this.#phase === "connecting" || this.#phase === "joining" || this.#phase === "live")
      this.#effects.push({ type: "disconnect" });
    this.#answerBy = null;
  }

  #lost(now: number, atLeast = 0): void {
    this.#hangUp();
    this.#phase = "waiting";
    // Without any network a try now and then is enough; a server on this machine is reached all the same.
    this.#tryAt = now + (this.#offline ? OFFLINE_MS : atLeast + this.#backoff.next());
    this.#status = { ...this.#status, link: "offline", reason: "" };
  }

  #closed(code: number, reason: string, now: number): void {
    if (this.#phase === "stopped" || this.#phase === "waiting") return;
    const what = verdict(code);
    if (what === "retry") {
      this.#phase = "waiting";
      this.#lost(now, code === TOO_FAST ? BREATH_MS : 0);
      if (code === OVER) this.#status = { ...this.#status, link: "over" };
      return;
    }
    this.#phase = "stopped";
    this.#answerBy = null;
    this.#tryAt = null;
    this.#status = { ...this.#status, link: what, reason };
  }

  #frame(bytes: Uint8Array, now: number): void {
    if (this.#phase === "waiting" || this.#phase === "stopped") return;
    const message = wire.read(bytes);
    switch (message.type) {
      case "welcome":
        this.#welcomed(message.welcome, now);
        break;
      case "batch":
        this.#batch(message, now);
        break;
      case "ack":
        this.sequence = Math.max(this.sequence, message.sequence);
        for (const id of message.broadcastIds) this.#done(uuidText(id));
        if (this.#phase === "live") this.#answerBy = this.outbox.sent.length > 0 ? now + ANSWER_MS : null;
        break;
      case "reject":
        this.#rejected(uuidText(message.broadcastId), message.code, message.reason, now);
        break;
      case "presence":
        this.#effects.push(message);
        break;
      case "resync":
        if (message.epoch !== this.epoch) this.#startAgain();
        this.#enter(message.epoch);
        this.#join(now);
        break;
      case "other":
        break;
    }
  }

  #welcomed(welcome: wire.Welcome, now: number): void {
    const lease = `${welcome.client}-${welcome.lease}`;
    const first = this.outbox.sent[0]?.sent;
    const goesOn = lease === this.#lease && (!first || welcome.clock >= first.clock);
    if (welcome.epoch !== this.epoch || (first && !goesOn)) this.#startAgain();
    this.#enter(welcome.epoch);
    if (lease !== this.#lease) this.#reached = 0;
    this.#lease = lease;
    this.#welcome = welcome;
    this.#clock.ahead = Math.max(0, this.#clock.date - welcome.now);
    this.#effects.push({ type: "welcome", welcome });
    this.#join(now);
  }

  #enter(epoch: number): void {
    if (epoch === this.epoch) return;
    if (this.epoch > 0) this.#effects.push({ type: "rebuilt", epoch });
    this.epoch = epoch;
    this.#reached = 0;
  }

  /** Drops the replica; what was on its way is written anew once the server's state is here. */
  #startAgain(): void {
    for (const entry of this.outbox.sent.reverse()) {
      entry.sent = null;
      this.replica.rewind(entry.operation);
    }
    this.replica.reset();
    this.sequence = 0;
    this.#whole = true;
  }

  #join(now: number): void {
    this.#phase = "joining";
    this.#answerBy = now + ANSWER_MS;
    this.#send(
      this.#whole
        ? wire.resync(0, 0, NOTHING)
        : wire.resync(this.epoch, this.sequence, this.replica.stateVector),
    );
  }

  #batch(batch: Extract<wire.Incoming, { type: "batch" }>, now: number): void {
    const whole = this.#whole;
    // A run that was on its way when this client asked for the whole document: it is part of the answer.
    const early = whole && batch.first > 1;
    if (this.#phase === "joining" && batch.last < this.sequence) {
      // A backup took the place of the log.
      this.#startAgain();
      this.#join(now);
      return;
    }
    if (!early) {
      this.#whole = false;
      this.replica.apply(batch.update);
      this.sequence = batch.last;
    }
    for (const event of batch.events) this.#event(event, !early);
    if (early) return;
    this.#effects.push({ type: "synced", whole });
    if (this.#phase !== "joining") return;
    this.#phase = "live";
    this.#answerBy = null;
    this.#backoff.reset();
    this.#send(wire.presence(this.#presence));
    for (const { operation, sent } of this.outbox.sent)
      if (sent) this.#send(wire.operation(uuidBytes(operation.broadcastId), sent.update));
    if (this.outbox.sent.length > 0) this.#answerBy = now + ANSWER_MS;
  }

  #event(event: wire.WireEvent, applied: boolean): void {
    const id = uuidText(event.broadcastId);
    if (applied) this.replica.drop(id);
    if (applied && !this.outbox.find(id)?.sent) this.#done(id); // What was sent gets an answer.
    if (this.#own.has(id) || this.#told.has(id)) return;
    this.#told.add(id);
    if (this.#told.size > REMEMBERED_EVENTS) this.#told.delete(this.#told.values().next().value as string);
    this.#effects.push({ type: "event", event });
  }

  #done(broadcastId: string): void {
    const entry = this.outbox.remove(broadcastId);
    if (!entry) return;
    this.#reach([entry]);
    if (!entry.sent) this.replica.drop(broadcastId);
    this.#effects.push({ type: "settled", broadcastId, update: entry.sent?.update ?? null });
  }

  #rejected(broadcastId: string, code: string, reason: string, now: number): void {
    const entry = this.outbox.find(broadcastId);
    if (!entry) return;
    if (code === "future" && !entry.misdated) entry.misdated = true;
    else if (COME_BACK_LATER.has(code)) entry.notBefore = now + PATIENCE_MS;
    else if (attained(entry.operation, code)) {
      this.outbox.remove(broadcastId);
      this.#effects.push({ type: "settled", broadcastId, update: null });
    } else this.#refuse(entry, code, reason);
    if (!entry.sent) return;
    // What was sent before it is unanswered; what was sent behind it is not looked at.
    const { clock } = entry.sent;
    this.#reach(this.outbox.sent.filter(({ sent }) => sent && sent.clock < clock));
    this.#startAgain();
    this.#join(now);
  }

  #reach(entries: Entry[]): void {
    for (const { sent } of entries) this.#reached = Math.max(this.#reached, sent?.end ?? 0);
  }

  #refuse(entry: Entry, code: string, reason: string): void {
    this.outbox.remove(entry.operation.broadcastId);
    this.replica.drop(entry.operation.broadcastId);
    this.#effects.push({ type: "rejected", operation: entry.operation, code, reason });
  }

  #flush(now: number): void {
    const welcome = this.#welcome;
    if (this.#phase !== "live" || !welcome || welcome.readonly || welcome.principal.role === "viewer") return;
    let free = welcome.limits.in_flight - this.outbox.sent.length;
    for (const entry of this.outbox.waiting) {
      const { operation } = entry;
      if (operation.user !== welcome.principal.id) {
        this.#foreign(entry);
        continue;
      }
      if (free <= 0 || entry.notBefore > now) break;
      redate(operation, this.replica.written, this.#clock.date - this.#clock.ahead);
      const code = obstacle(this.replica.written, operation);
      // An answer to what another tab of this browser has still to send: that comes first.
      if (code && obstacle(this.replica, operation) === undefined) continue;
      if (
        code &&
        !operation.intents.every((intent) => holds(this.replica.written, intent, operation.redated))
      ) {
        this.#refuse(entry, code, "");
        continue;
      }
      const clock = this.replica.clock(welcome.client);
      if (clock < this.#reached) {
        this.#lease = "";
        this.#hangUp();
        this.#connect(now);
        return;
      }
      const update = this.replica.write(operation, welcome.client);
      if (!update) {
        this.#done(operation.broadcastId);
        continue;
      }
      entry.sent = { update, clock, end: this.replica.clock(welcome.client) };
      this.#send(wire.operation(uuidBytes(operation.broadcastId), update));
      this.#answerBy ??= now + ANSWER_MS;
      free--;
    }
  }

  /** Of somebody else who wrote in this browser, and may sign in again. Who was a guest does not come back as one. */
  #foreign(entry: Entry): void {
    const { broadcastId, user, intents } = entry.operation;
    if (intents.every((intent) => holds(this.replica.written, intent))) this.#done(broadcastId);
    else if (isGuest(user)) this.#refuse(entry, "signed-out", "");
  }

  #send(bytes: Uint8Array): void {
    this.#effects.push({ type: "send", bytes });
  }

  /** What follows from any input: sending, the status shown, the next alarm. */
  #settle(now: number): void {
    this.#flush(now);
    if (this.#phase === "live" || (this.#phase === "joining" && this.#status.link === "live"))
      this.#status = { ...this.#status, link: "live", reason: "" };
    const status = { ...this.#status, ...this.outbox.count(this.#welcome?.principal.id) };
    if (JSON.stringify(status) !== JSON.stringify(this.#shown)) {
      this.#shown = status;
      this.#effects.push({ type: "status", status });
    }
    this.#status = status;
    const times = [this.#tryAt, this.#answerBy];
    if (this.#phase === "live")
      times.push(...this.outbox.waiting.map((entry) => (entry.notBefore > now ? entry.notBefore : null)));
    const due = times.filter((time) => time !== null);
    const alarm = due.length > 0 ? Math.min(...due) : null;
    if (alarm !== this.#alarm) {
      this.#alarm = alarm;
      this.#effects.push({ type: "wake", at: alarm });
    }
  }
}
