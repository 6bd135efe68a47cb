import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import THREADS from "../../../../tests/vectors/threads.json";
import { Actions } from "./actions";
import { newBroadcastId, newCommentId, timeOfCommentId, uuidBytes, uuidText } from "./ids";
import { holds } from "./intents";
import { type Change, Replica } from "./replica";
import { annotationValue, type Root, readAnnotation, readReactions, type Value } from "./schema";
import { type Thread, Threads } from "./threads";

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
const LEASE = 7;

describe("ids", () => {
  it("carry the time of a comment, and tell it from ids made otherwise", () => {
    const now = Date.UTC(2026, 5, 1);
    expect(timeOfCommentId(newCommentId(now))).toBe(now);
    expect(timeOfCommentId("abcd")).toBeUndefined();
    expect(timeOfCommentId("99999999999999")).toBeUndefined();
  });

  it("make version 4 UUIDs", () => {
    const id = newBroadcastId();
    expect(uuidText(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidBytes(uuidText(id))).toEqual(id);
  });
});

describe("records", () => {
  it("count one person's emoji once, however often it stands there", () => {
    expect(readReactions("👍 👍  🎉 👍")).toEqual(["👍", "🎉"]);
  });

  it("leave out what is empty at the end", () => {
    expect(annotationValue("ann", 1, { ...TARGET, kind: "" })).toHaveLength(7);
    expect(readAnnotation(annotationValue("ann", 1, TARGET))?.target).toEqual(TARGET);
    expect(readAnnotation("nonsense")).toBeUndefined();
  });
});

describe("a new annotation", () => {
  it("costs under 1 KB on the wire, all in", () => {
    const replica = new Replica();
    const words = "słowo ".repeat(20);
    const target = {
      ...TARGET,
      exact: words,
      prefix: "p".repeat(128),
      suffix: "s".repeat(128),
      startCp: 123_456,
      endCp: 123_576,
    };
    const update = replica.write(
      new Actions("~959a4d0f", () => 1_800_000_000_000).annotate(target, "c".repeat(200)),
      LEASE,
    );
    expect((update as Uint8Array).length + 19).toBeLessThan(1_000);
  });
});

describe("Replica and Threads", () => {
  let now = Date.UTC(2026, 1, 1);
  let replica: Replica;
  let threads: Threads;
  let changes: Change[];
  const ann = new Actions("ann", () => now++);
  const bob = new Actions("bob", () => now++);
  const write = (operation: Parameters<Replica["write"]>[0]) => replica.write(operation, LEASE) as Uint8Array;

  beforeEach(() => {
    replica = new Replica();
    threads = new Threads(replica);
    changes = [];
    replica.onChange((all) => changes.push(...all));
  });

  it("show an operation before it is written, and once it is (2)", () => {
    const operation = ann.annotate(TARGET, "hello");
    replica.wait(operation);
    expect(threads.get(operation.aid)?.comments[0]?.text).toBe("hello");
    expect(replica.written.get("a", operation.aid)).toBeUndefined();
    write(operation);
    expect(replica.waiting).toEqual([]);
    expect(threads.get(operation.aid)?.comments[0]?.text).toBe("hello");
  });

  it("take back a dropped operation", () => {
    const operation = ann.annotate(TARGET, "hello");
    replica.wait(operation);
    replica.drop(operation.broadcastId);
    expect(threads.all()).toEqual([]);
  });

  it("keep the client id when structs of the lease come back (3)", () => {
    const other = new Replica();
    const update = other.write(ann.annotate(TARGET, "from the lease"), LEASE) as Uint8Array;
    replica.apply(update);
    const next = replica.write(bob.annotate(TARGET, "goes on"), LEASE) as Uint8Array;
    other.apply(next);
    expect(other.keys("a").size).toBe(2);
    expect(other.clock(LEASE)).toBe(replica.clock(LEASE));
  });

  it("tell once what is new, also if another tab told it first", () => {
    const doc = new Replica();
    const operation = bob.annotate(TARGET, "hello");
    const update = doc.write(operation, 9) as Uint8Array;
    replica.wait(operation, true);
    replica.apply(update);
    replica.drop(operation.broadcastId);
    expect(changes.filter(({ added }) => added).map(({ root }) => root)).toEqual(["a", "c"]);
  });

  it("keep a deleted comment's place while others follow, and none after the last", () => {
    const opening = ann.annotate(TARGET, "one");
    write(opening);
    const { aid } = opening;
    write(bob.reply(aid, "two"));
    write(ann.reply(aid, "three"));
    const cids = () => (threads.get(aid) as Thread).comments.map(({ text, deletedBy }) => deletedBy || text);
    const [, two, three] = (threads.get(aid) as Thread).comments.map(({ cid }) => cid);
    write(bob.deleteComment(aid, two as string));
    // The server removes what lies behind a tombstone.
    write({ broadcastId: "p", user: "", at: 0, intents: [{ root: "c", key: `${aid}/${two}`, value: null }] });
    expect(cids()).toEqual(["one", "bob", "three"]);
    write(ann.deleteComment(aid, three as string));
    expect(cids()).toEqual(["one"]);
  });

  it.each(THREADS.threads.map((shared) => [shared.name, shared] as const))(
    "show of deleted comments what Python shows: %s",
    (_, { roots, thread }) => {
      const intents = Object.entries(roots).flatMap(([root, records]) =>
        Object.entries(records as Record<string, Value>).map(([key, value]) => ({
          root: root as Root,
          key,
          value,
        })),
      );
      write({ broadcastId: "v", user: "", at: 0, intents });
      const shown = threads.get("anno")?.comments.map(({ cid, deletedBy }) => [cid, deletedBy !== ""]);
      expect(shown ?? null).toEqual(thread);
    },
  );

  it("show what a discussion is about now, what it was made on, and who attached it", () => {
    const opening = ann.annotate(TARGET, "one");
    write(opening);
    const { aid } = opening;
    const thread = () => threads.get(aid) as Thread;
    expect([thread().target, thread().madeOn, thread().attached]).toEqual([TARGET, TARGET, undefined]);
    const other = { ...TARGET, exact: "other words", startCp: 9, endCp: 20 };
    replica.wait(ann.reattach(thread(), other));
    expect(thread()).toMatchObject({
      target: other,
      madeOn: TARGET,
      attached: { by: "ann", followed: false },
    });
    const edited = { ...other, exact: "other word", version: "v2" };
    write(bob.follow([[thread(), edited]]));
    replica.drop((replica.waiting[0] as { broadcastId: string }).broadcastId);
    expect(thread()).toMatchObject({
      target: edited,
      madeOn: TARGET,
      attached: { by: "bob", followed: true },
    });
    const last = { ...edited, exact: "last words" };
    write(ann.reattach(thread(), last));
    expect(thread().target).toEqual(last);
    expect(thread().attached?.at).toBeGreaterThan(0);
  });

  it("sort by time whatever the order of arrival", () => {
    const opening = ann.annotate(TARGET, "one");
    const late = ann.reply(opening.aid, "three");
    const early = { ...bob.reply(opening.aid, "two") };
    const value = ["bob", (opening.at + late.at) / 2, "two"];
    early.intents = [{ root: "c", key: `${opening.aid}/abcd`, value }];
    for (const operation of [late, early, opening]) write(operation);
    expect(threads.get(opening.aid)?.comments.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  });

  it("keep showing the old document until the new one is here", () => {
    const operation = ann.annotate(TARGET, "hello");
    write(operation);
    replica.reset();
    expect(threads.get(operation.aid)).toBeDefined();
    expect(replica.stateVector).toEqual(Uint8Array.of(0));
    replica.apply(Y.encodeStateAsUpdate(new Y.Doc()));
    expect(threads.get(operation.aid)).toBeUndefined();
  });
});

describe("what was overtaken", () => {
  const records = (value: unknown) => ({ get: () => value });

  it("is not written again, and what differs is", () => {
    const edit = { root: "c" as const, key: "a/c", value: ["ann", 1, "new", 5] };
    expect(holds(records(["ann", 1, "newer", 6]), edit)).toBe(true);
    expect(holds(records(["ann", 1, "old"]), edit)).toBe(false);
    expect(holds(records(undefined), { root: "r", key: "a/c/u", value: null })).toBe(true);
    expect(holds(records("👍"), { root: "r", key: "a/c/u", value: "🎉" })).toBe(false);
  });

  it("is what a program followed, when a person chose words", () => {
    const value = (at: number, followed: number) => ["ann", at, "x", "", "", 0, 1, "", "", "v", followed];
    const chosen = { root: "t" as const, key: "abcd", value: value(5, 0) };
    expect(holds(records(value(9, 1)), chosen)).toBe(false);
    expect(holds(records(value(9, 0)), chosen)).toBe(true);
    expect(holds(records(value(9, 0)), { ...chosen, value: value(5, 1) })).toBe(true);
    expect(holds(records(value(9, 1)), { ...chosen, value: value(5, 1) })).toBe(true);
  });

  it("does not swallow what is done knowingly under a slow clock", () => {
    const slow = new Actions("ann", () => 1_000);
    const thread = { aid: "abcd", state: { resolved: true, by: "bob", at: 90_000 } } as Thread;
    const [intent] = slow.resolve(thread, false).intents;
    expect(holds(records([1, "bob", 90_000]), intent as never)).toBe(false);
  });
});
