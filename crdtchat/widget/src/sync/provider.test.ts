import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { Actions } from "../model/actions";
import { uuidBytes } from "../model/ids";
import { Replica } from "../model/replica";
import type { Plain } from "../model/schema";
import { type Comment, Threads } from "../model/threads";
import type { Effect } from "./effects";
import { Provider } from "./provider";
import { Server } from "./provider.testing";
import type * as wire from "./wire";

const TARGET = {
  exact: "x",
  prefix: "",
  suffix: "",
  startCp: 0,
  endCp: 1,
  kind: "text",
  part: "",
  version: "",
};

const kinds = (effects: Effect[]) => effects.map((effect) => effect.type);
const sentTypes = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.bytes[0] as number] : []));
const updates = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.type === "send" && effect.bytes[0] === 65 ? [effect.bytes] : []));

describe("Provider", () => {
  let server: Server;
  let replica: Replica;
  let provider: Provider;
  let actions: Actions;
  let now = 1_000_000;

  const receive = (input: Parameters<Provider["receive"]>[0]) => provider.receive(input, now);
  const take = (bytes: Uint8Array) => receive({ type: "frame", bytes });
  const apply = (bytes: Uint8Array) => {
    // An operation frame is 1 byte type, 16 bytes id, varuint length, update.
    const length = bytes.length > 17 + 127 ? 2 : 1;
    Y.applyUpdate(server.doc, bytes.slice(17 + length));
    server.sequence++;
  };

  function live(client = 5, lease = "n1"): Effect[] {
    receive({ type: "open" });
    return [...take(server.welcome(client, lease)), ...take(server.batch(replica.stateVector))];
  }

  beforeEach(() => {
    server = new Server();
    replica = new Replica();
    provider = new Provider(replica, () => 0.5);
    actions = new Actions("ann", () => now);
    receive({ type: "start" });
  });

  it("joins, and sends nothing but the resync before the answer (2)", () => {
    const operation = actions.annotate(TARGET, "hello");
    receive({ type: "submit", operation });
    receive({ type: "open" });
    expect(sentTypes(take(server.welcome(5)))).toEqual([70]);
    const effects = take(server.batch());
    expect(sentTypes(effects)).toEqual([69, 65]);
    expect(effects).toContainEqual({
      type: "status",
      status: { link: "live", unsent: 1, others: 0, reason: "" },
    });
  });

  it("dates by the server what a clock an hour ahead wrote offline", () => {
    const before = now;
    now = 1_000_000 + 3_600_000;
    try {
      const annotation = actions.annotate(TARGET, "hello");
      receive({ type: "submit", operation: annotation });
      for (const bytes of updates(live())) apply(bytes);
      const [, created] = server.doc.getMap("a").get(annotation.aid) as [string, number];
      const comments = [...server.doc.getMap("c").values()] as [string, number, string][];
      expect(created).toBe(1_000_000);
      expect(comments).toEqual([["ann", 1_000_000, "hello"]]);
    } finally {
      now = before;
    }
  });

  it("dates anew, once, what the server refuses because its clock was set back (7)", () => {
    live();
    const note = actions.annotate(TARGET, "before");
    for (const bytes of updates(receive({ type: "submit", operation: note }))) apply(bytes);
    take(server.ack(5, [note.broadcastId]));
    const comment = () => new Threads(replica).get(note.aid)?.comments[0] as Comment;
    const edit = actions.edit(comment(), "edited");
    for (const bytes of updates(receive({ type: "submit", operation: edit }))) apply(bytes);
    take(server.ack(5, [edit.broadcastId]));

    const once = actions.edit(comment(), "once more");
    receive({ type: "submit", operation: once });
    const again = actions.edit(comment(), "and again");
    receive({ type: "submit", operation: again });
    const refused = take(server.reject(once.broadcastId, "future", true));
    expect(kinds(refused)).not.toContain("rejected");
    receive({ type: "close", code: 4504, reason: "" });
    expect(comment().text).toBe("and again");
    receive({ type: "reconnect" });
    receive({ type: "open" });
    take(server.welcome(5, "n1", { now: now - 600_000 }));
    const sent = updates(take(server.batch()));
    expect(sent).toHaveLength(2);
    for (const bytes of sent) apply(bytes);
    take(server.ack(5, [once.broadcastId, again.broadcastId]));
    expect(provider.outbox.size).toBe(0);
    const [, created, text, edited] = server.doc.getMap("c").get(`${note.aid}/${comment().cid}`) as Plain[];
    expect([created, text, edited]).toEqual([now, "and again", now - 600_000]);
  });

  it("rejects what is refused as dated ahead a second time (7)", () => {
    live();
    const operation = actions.annotate(TARGET, "kept");
    receive({ type: "submit", operation });
    take(server.reject(operation.broadcastId, "future", true));
    receive({ type: "close", code: 4504, reason: "" });
    expect(provider.outbox.size).toBe(1);
    receive({ type: "reconnect" });
    expect(updates(live())).toHaveLength(1);
    expect(take(server.reject(operation.broadcastId, "future", true))).toContainEqual({
      type: "rejected",
      operation,
      code: "future",
      reason: "because",
    });
    expect(provider.outbox.size).toBe(0);
  });

  it("shows an operation at once and settles it once (1)", () => {
    live();
    const operation = actions.annotate(TARGET, "hello");
    const [sent] = updates(receive({ type: "submit", operation }));
    expect(replica.get("a", operation.aid)).toBeDefined();
    apply(sent as Uint8Array);
    const effects = take(server.ack(5, [operation.broadcastId]));
    expect(kinds(effects)).toEqual(["settled", "status", "wake"]);
    expect(provider.outbox.size).toBe(0);
    expect(replica.get("a", operation.aid)).toEqual(server.doc.getMap("a").get(operation.aid));
    expect(kinds(take(server.ack(5, [operation.broadcastId])))).toEqual([]);
  });

  it("keeps at most in_flight operations under way, in order (3)", () => {
    live();
    const made = Array.from({ length: 6 }, (_, i) => actions.annotate(TARGET, `note ${i}`));
    const sent = made.flatMap((operation) => updates(receive({ type: "submit", operation })));
    expect(sent).toHaveLength(4);
    for (const bytes of sent) apply(bytes);
    const more = updates(
      take(
        server.ack(
          5,
          made.slice(0, 4).map((o) => o.broadcastId),
        ),
      ),
    );
    expect(more).toHaveLength(2);
    for (const bytes of more) apply(bytes);
    expect(server.doc.getMap("a").size).toBe(6);
    expect(server.doc.store.pendingStructs).toBeNull();
  });

  it("goes on under the same lease after a lost ack, without doubling (1, 3)", () => {
    live();
    const operation = actions.annotate(TARGET, "hello");
    const [sent] = updates(receive({ type: "submit", operation }));
    apply(sent as Uint8Array);
    const closed = receive({ type: "close", code: 1006, reason: "" });
    expect(kinds(closed)).toContain("wake");
    now += 60_000;
    expect(receive({ type: "wake" })).toContainEqual({ type: "connect", lease: "5-n1" });
    const again = updates(live());
    expect(again).toEqual([sent]);
    take(server.ack(5, [operation.broadcastId]));
    expect(provider.outbox.size).toBe(0);
  });

  it("writes anew under another lease only what the document does not hold (4)", () => {
    live();
    const kept = actions.annotate(TARGET, "reached the server");
    const lost = actions.annotate(TARGET, "did not");
    apply(updates(receive({ type: "submit", operation: kept }))[0] as Uint8Array);
    receive({ type: "submit", operation: lost });
    receive({ type: "close", code: 1012, reason: "" });
    expect(replica.get("a", lost.aid)).toBeDefined();
    receive({ type: "reconnect" });
    const again = updates(live(9, "n2"));
    expect(again).toHaveLength(1);
    apply(again[0] as Uint8Array);
    take(server.ack(9, [lost.broadcastId]));
    expect(provider.outbox.size).toBe(0);
    expect([...server.doc.getMap("a").keys()].sort()).toEqual([kept.aid, lost.aid].sort());
  });

  it("asks for another id where a server has not heard of what was written under this one (8)", () => {
    live();
    const behind = Y.encodeStateAsUpdate(server.doc);
    const saved = actions.annotate(TARGET, "acknowledged");
    apply(updates(receive({ type: "submit", operation: saved }))[0] as Uint8Array);
    take(server.ack(5, [saved.broadcastId]));
    const open = actions.annotate(TARGET, "not answered");
    receive({ type: "submit", operation: open });
    receive({ type: "close", code: 1006, reason: "" });
    receive({ type: "reconnect" });
    server.doc = new Y.Doc();
    Y.applyUpdate(server.doc, behind);
    const effects = live();
    expect(updates(effects)).toEqual([]);
    expect(effects).toContainEqual({ type: "connect", lease: "" });
    expect(updates(live(6, "n2"))).toHaveLength(1);
    expect(provider.outbox.size).toBe(1);
  });

  it("asks for another id if bytes of an earlier connection are refused (8)", () => {
    live();
    const first = actions.annotate(TARGET, "perhaps in the log");
    const second = actions.annotate(TARGET, "perhaps as well");
    receive({ type: "submit", operation: first });
    receive({ type: "submit", operation: second });
    receive({ type: "close", code: 4503, reason: "" });
    receive({ type: "reconnect" });
    expect(updates(live())).toHaveLength(2);
    take(server.reject(first.broadcastId, "too-many"));
    const effects = take(server.batch());
    expect(updates(effects)).toEqual([]);
    expect(effects).toContainEqual({ type: "connect", lease: "" });
    expect(updates(live(6, "n2"))).toHaveLength(1);
  });

  it("rolls back a refused operation and replays the others (1, 4)", () => {
    live();
    const bad = actions.annotate(TARGET, "refused");
    const good = actions.annotate(TARGET, "fine");
    receive({ type: "submit", operation: bad });
    receive({ type: "submit", operation: good });
    const effects = take(server.reject(bad.broadcastId, "deleted"));
    expect(effects).toContainEqual({ type: "rejected", operation: bad, code: "deleted", reason: "because" });
    expect(sentTypes(effects)).toEqual([70]);
    const replayed = updates(take(server.batch()));
    expect(replayed).toHaveLength(1);
    apply(replayed[0] as Uint8Array);
    expect(replica.get("a", bad.aid)).toBeUndefined();
    expect(replica.get("a", good.aid)).toBeDefined();
    expect([...server.doc.getMap("a").keys()]).toEqual([good.aid]);
  });

  it("takes for saved what is refused because an earlier sending was accepted (1)", () => {
    server.doc.getMap("a").set("note", ["bob", 1, "x", "", "", 0, 1]);
    live();
    const operation = actions.reply("note", "dated anew meanwhile");
    receive({ type: "submit", operation });
    const effects = take(server.reject(operation.broadcastId, "exists"));
    expect(kinds(effects)).not.toContain("rejected");
    expect(effects).toContainEqual({ type: "settled", broadcastId: operation.broadcastId, update: null });
    expect(provider.outbox.size).toBe(0);
    expect(sentTypes(effects)).toEqual([70]);
  });

  it("ignores a run of operations that was on its way when it asked for everything (4)", () => {
    live();
    const bad = actions.annotate(TARGET, "refused");
    receive({ type: "submit", operation: bad });
    take(server.reject(bad.broadcastId, "deleted"));
    const before = Y.encodeStateVector(server.doc);
    server.doc.getMap("u").set("bob", ["Bob"]);
    server.sequence = 7;
    take(server.batch(before, [], 7));
    expect(replica.get("u", "bob")).toBeUndefined();
    take(server.batch());
    expect(replica.get("u", "bob")).toEqual(["Bob"]);
  });

  it("waits and sends again when the store is not available", () => {
    live();
    const operation = actions.annotate(TARGET, "hello");
    receive({ type: "submit", operation });
    take(server.reject(operation.broadcastId, "unavailable"));
    expect(updates(take(server.batch()))).toHaveLength(0);
    expect(replica.get("a", operation.aid)).toBeDefined();
    now += 5_000;
    expect(updates(receive({ type: "wake" }))).toHaveLength(1);
  });

  it("drops the replica in a new epoch and offers its unsent operations again (4)", () => {
    server.doc.getMap("u").set("bob", ["Bob"]);
    live();
    const operation = actions.annotate(TARGET, "hello");
    receive({ type: "submit", operation });
    server.doc = new Y.Doc();
    server.epoch = 2;
    receive({ type: "close", code: 1006, reason: "" });
    receive({ type: "reconnect" });
    const effects = live();
    expect(effects).toContainEqual({ type: "rebuilt", epoch: 2 });
    expect(updates(effects)).toHaveLength(1);
    expect(replica.get("u", "bob")).toBeUndefined();
    expect(replica.get("a", operation.aid)).toBeDefined();
    expect(provider.epoch).toBe(2);
  });

  it("reports another's event once and its own never (5)", () => {
    live();
    const operation = actions.annotate(TARGET, "mine");
    receive({ type: "submit", operation });
    const at = now;
    const own: wire.WireEvent = {
      kind: "new",
      broadcastId: uuidBytes(operation.broadcastId),
      aid: operation.aid,
      cid: "",
      by: "ann",
      at,
    };
    const other: wire.WireEvent = { ...own, broadcastId: new Uint8Array(16).fill(7), by: "bob" };
    const effects = [
      ...take(server.batch(undefined, [own, other])),
      ...take(server.batch(undefined, [other])),
    ];
    expect(effects.filter((effect) => effect.type === "event")).toEqual([{ type: "event", event: other }]);
  });

  it("refuses at once what can no longer be written, without asking the server", () => {
    server.doc.getMap("a").set("gone", ["bob", 1, "x", "", "", 0, 1]);
    server.doc.getMap("d").set("gone", ["bob", 2]);
    live();
    const operation = actions.reply("gone", "too late");
    const effects = receive({ type: "submit", operation });
    expect(effects).toContainEqual({ type: "rejected", operation, code: "deleted", reason: "" });
    expect(updates(effects)).toHaveLength(0);
  });

  it("gives up what a guest of before wrote, and not what somebody wrote who may sign in again (1)", () => {
    const before = new Actions("~01234567", () => now).annotate(TARGET, "as a guest of before");
    const signed = new Actions("zoe", () => now).annotate(TARGET, "as who signed in");
    receive({ type: "submit", operation: before });
    receive({ type: "submit", operation: signed });
    const guest = { id: "~ba987654", name: "Ann", role: "commenter", guest: true };
    receive({ type: "open" });
    take(server.welcome(5, "n1", { principal: guest }));
    const effects = take(server.batch(replica.stateVector));
    expect(effects).toContainEqual({ type: "rejected", operation: before, code: "signed-out", reason: "" });
    expect(updates(effects)).toEqual([]);
    expect(provider.outbox.waiting.map(({ operation }) => operation)).toEqual([signed]);
    const status = { link: "live", unsent: 1, others: 1, reason: "" };
    expect(effects).toContainEqual({ type: "status", status });
  });

  it("gives up what a guest wrote who has signed in since (1)", () => {
    const before = new Actions("~01234567", () => now).annotate(TARGET, "as a guest");
    receive({ type: "submit", operation: before });
    const effects = live();
    expect(effects).toContainEqual({ type: "rejected", operation: before, code: "signed-out", reason: "" });
  });

  it("settles what another user of this browser wrote and the document holds (1)", () => {
    const signed = new Actions("zoe", () => now).annotate(TARGET, "sent, and not answered");
    const other = new Replica();
    Y.applyUpdate(server.doc, other.write(signed, 7) as Uint8Array);
    receive({ type: "submit", operation: signed });
    const effects = live();
    expect(kinds(effects)).toContain("settled");
    expect(provider.outbox.size).toBe(0);
  });

  it("connects anew after a sleep, unless it was sent away (6)", () => {
    live();
    expect(kinds(receive({ type: "woke" }))).toEqual(["disconnect", "connect", "wake"]);
    live();
    receive({ type: "close", code: 4403, reason: "" });
    expect(receive({ type: "woke" })).toEqual([]);
  });

  it("holds an answer to what another tab has still to send", () => {
    live();
    const other = new Actions("ann", () => now).annotate(TARGET, "in the other tab");
    replica.wait(other, true);
    const answer = actions.reply(other.aid, "in this tab");
    expect(kinds(receive({ type: "submit", operation: answer }))).toEqual(["status"]);
    server.doc.getMap("a").set(other.aid, ["ann", 1, "x", "", "", 0, 1]);
    expect(updates(take(server.batch(replica.stateVector)))).toHaveLength(1);
  });

  it("keeps a thread on screen while the replica is rebuilt", () => {
    server.doc.getMap("a").set("note", ["bob", 1, "x", "", "", 0, 1]);
    live();
    const threads = new Threads(replica);
    const bad = actions.reply("note", "refused");
    receive({ type: "submit", operation: bad });
    take(server.reject(bad.broadcastId, "too-long"));
    expect(threads.get("note")).toBeDefined();
    take(server.batch());
    expect(threads.get("note")?.comments).toEqual([]);
  });
});
