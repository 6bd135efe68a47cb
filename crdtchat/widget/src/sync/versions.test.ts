import "fake-indexeddb/auto";
import { describe, expect, it, vi } from "vitest";
import { Actions } from "../model/actions";
import type { Operation } from "../model/intents";
import { Emitter } from "./emitter";
import type { Session } from "./session";
import type { SessionEvents } from "./session-events";
import { MOST_TEXTS, VersionCache } from "./version-cache";
import { Versions, versionOf } from "./versions";

const TARGET = { exact: "x", prefix: "", suffix: "", startCp: 0, endCp: 1, kind: "text", part: "" };
const ann = new Actions("ann", () => 1_800_000_000_000);

/** A session whose server is a map. */
class FakeSession extends Emitter<SessionEvents> {
  readonly pending = new Map<string, Operation>();
  welcome = { page_versions: true, principal: { id: "ann" } };
  readonly stored = new Map<string, string>();
  readonly asked: string[] = [];
  /** Who wrote an annotation that names which version. */
  readonly named = new Set<string>();
  online = true;

  constructor(readonly key: string) {
    super();
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (!this.online) throw new TypeError("no connection");
    const [, version = ""] = path.split("/");
    this.asked.push(`${init.method ?? "GET"} ${version}`);
    if (init.method === "PUT") {
      if (!this.named.has(`${this.welcome.principal.id} ${version}`))
        return new Response("", { status: 409 });
      this.stored.set(version, init.body as string);
      return new Response(null, { status: 201 });
    }
    const text = this.stored.get(version);
    return text === undefined ? new Response("", { status: 404 }) : new Response(text);
  }

  submit(versions: Versions, operation: Operation, text: string): void {
    versions.owe(operation, () => text);
    this.pending.set(operation.broadcastId, operation);
  }

  settle(operation: Operation): void {
    this.pending.delete(operation.broadcastId);
    for (const { value } of operation.intents)
      if (Array.isArray(value)) this.named.add(`${operation.user} ${value[9]}`);
    this.emit("settled", operation);
  }
}

let pages = 0;
function open(key = `page ${++pages}`) {
  const session = new FakeSession(key);
  return { session, versions: new Versions(session as unknown as Session) };
}

describe("a page version", () => {
  it("is named as the server names it", async () => {
    expect(await versionOf("")).toBe("47DEQpj8HBSa-_TImW-5JC");
    expect(await versionOf("zażółć 😀")).toMatch(/^[\w-]{22}$/);
    expect(await versionOf("half \ud83d")).toBe("");
    expect(await versionOf("x".repeat(2_097_153))).toBe("");
  });

  it("is sent once, and not before the annotation is acknowledged", async () => {
    const { session, versions } = open();
    const text = `The text of ${session.key}`;
    const version = await versionOf(text);
    const first = ann.annotate({ ...TARGET, version }, "one");
    const second = ann.annotate({ ...TARGET, version }, "two");
    session.submit(versions, first, text);
    session.submit(versions, second, text);
    session.emit("synced", { first: false });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(session.asked).toEqual([]);
    session.settle(first);
    await vi.waitFor(() => expect(session.stored.get(version)).toBe(text));
    session.settle(second);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const again = open(session.key);
    again.session.submit(again.versions, ann.annotate({ ...TARGET, version }, "three"), text);
    again.session.emit("synced", { first: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([session.asked, again.session.asked]).toEqual([[`PUT ${version}`], []]);
  });

  it("is still owed after a failure, and sent by a later visit", async () => {
    const { session, versions } = open();
    const text = `The text of ${session.key}`;
    const version = await versionOf(text);
    const operation = ann.annotate({ ...TARGET, version }, "one");
    session.online = false;
    session.submit(versions, operation, text);
    session.settle(operation);
    await new Promise((resolve) => setTimeout(resolve, 20));
    versions.close();
    const later = open(session.key);
    later.session.named.add(`ann ${version}`);
    later.session.emit("synced", { first: true });
    await vi.waitFor(() => expect(later.session.stored.get(version)).toBe(text));
  });

  it("is owed by who wrote of it: another user of this browser neither sends it nor gives it up", async () => {
    const { session, versions } = open();
    const text = `The text of ${session.key}`;
    const version = await versionOf(text);
    const operation = ann.annotate({ ...TARGET, version }, "one");
    session.online = false;
    session.submit(versions, operation, text);
    session.settle(operation);
    await new Promise((resolve) => setTimeout(resolve, 20));
    versions.close();

    const visit = (user: string) => {
      const opened = open(session.key);
      opened.session.welcome = { page_versions: true, principal: { id: user } };
      opened.session.named.add(`ann ${version}`);
      opened.session.emit("synced", { first: true });
      return opened;
    };
    const other = visit("max");
    other.session.emit("settled", operation); // Her words were there already.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(other.session.asked).toEqual([]);
    // Of the same text he owes it himself once he wrote of it.
    const own = new Actions("max", () => 1_800_000_000_000).annotate({ ...TARGET, version }, "mine");
    other.session.online = false;
    other.session.submit(other.versions, own, text);
    other.session.settle(own);
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.versions.close();
    const hers = visit("ann");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hers.session.asked).toEqual([]);
    const his = visit("max");
    his.session.named.add(`max ${version}`);
    await vi.waitFor(() => expect(his.session.stored.get(version)).toBe(text));
  });

  it("is fetched once, and believed only under its name", async () => {
    const { session, versions } = open();
    const text = `The text of ${session.key}`;
    const version = await versionOf(text);
    expect(await versions.recall(version)).toBeNull();
    session.stored.set(version, "something else");
    expect(await versions.recall(version)).toBeNull();
    session.stored.set(version, text);
    expect(await versions.recall(version)).toBe(text);
    expect(await versions.recall(version)).toBe(text);
    expect(session.asked).toHaveLength(3);
    session.online = false;
    expect(await open(session.key).versions.recall(version)).toBe(text);
    session.emit("rebuilt", {});
    await vi.waitFor(async () => expect(await versions.recall(version)).toBeNull());
  });

  it("is neither sent nor fetched for a tenant that keeps none", async () => {
    const { session, versions } = open();
    session.welcome.page_versions = false;
    const operation = ann.annotate({ ...TARGET, version: await versionOf("text") }, "one");
    session.submit(versions, operation, "text");
    session.settle(operation);
    expect(await versions.recall("AAAAAAAAAAAAAAAAAAAAAA")).toBeNull();
    expect(session.asked).toEqual([]);
  });
});

describe("the cache", () => {
  it("keeps the newest few", async () => {
    const cache = new VersionCache("bounded", indexedDB);
    for (let number = 0; number < MOST_TEXTS + 3; number++) {
      await cache.put(`v${number}`, `text ${number}`, "");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await cache.get("v0")).toBeUndefined();
    expect(await cache.get(`v${MOST_TEXTS + 2}`)).toBe(`text ${MOST_TEXTS + 2}`);
  });

  it("works without storage as long as the page lasts", async () => {
    const cache = new VersionCache("none", undefined);
    await cache.put("v", "text", "ann");
    expect(await cache.owed("ann")).toEqual(["v"]);
    expect(await cache.owed("max")).toEqual([]);
    expect(await cache.debtor("v")).toBe("ann");
    expect(await cache.get("v")).toBe("text");
    await cache.put("v", "text", "");
    expect(await cache.owed("ann")).toEqual([]);
  });
});
