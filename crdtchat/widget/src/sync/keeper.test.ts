import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Actions } from "../model/actions";
import { Database } from "./database";
import { Keeper } from "./keeper";
import { done } from "./shelf";

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
const ann = new Actions("ann", () => 1_800_000_000_000);

describe("a keeper", () => {
  let factory: IDBFactory;
  let database: Database;
  let keeper: Keeper;
  const told: number[] = [];

  function open(given: IDBFactory | undefined): void {
    database = new Database(given as unknown as globalThis.IDBFactory, () => keeper.lost());
    keeper = new Keeper(database, "page", "tab", () => told.push(keeper.unkept));
  }

  const kept = async () => (await database.operations("page")).map((row) => row.broadcastId);

  beforeEach(() => {
    told.length = 0;
    factory = new IDBFactory();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    keeper.close();
    vi.useRealTimers();
  });

  it("keeps an operation until it is answered, in whatever order the disk does its work", async () => {
    open(factory);
    const [one, other] = [ann.annotate(TARGET, "one"), ann.annotate(TARGET, "other")];
    keeper.keep(one);
    keeper.keep(other);
    keeper.drop(one.broadcastId);
    await vi.waitFor(async () => expect(await kept()).toEqual([other.broadcastId]));
    expect(told).toEqual([]);
  });

  it("keeps what waits once more when the database was deleted", async () => {
    open(factory);
    const one = ann.annotate(TARGET, "one");
    keeper.keep(one);
    await vi.waitFor(async () => expect(await kept()).toEqual([one.broadcastId]));
    await done(factory.deleteDatabase("crdtchat") as unknown as IDBOpenDBRequest);
    await vi.waitFor(async () => expect(await kept()).toEqual([one.broadcastId]));
  });

  it("says what is not kept, asks again, and stops when that is of no more use", async () => {
    open(undefined);
    const one = ann.annotate(TARGET, "one");
    keeper.keep(one);
    await vi.waitFor(() => expect(told).toEqual([1]));
    expect(vi.getTimerCount()).toBe(1);
    keeper.drop(one.broadcastId);
    expect(told).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits five seconds for a database that does not open, and uses it when it does", async () => {
    // Somebody holds the database and another waits to delete it: whoever opens it waits for both.
    const holder = await done(factory.open("crdtchat", 1) as unknown as IDBOpenDBRequest);
    const deleting = factory.deleteDatabase("crdtchat");
    await vi.waitFor(() => new Promise<void>((blocked) => (deleting.onblocked = () => blocked())));
    open(factory);
    const one = ann.annotate(TARGET, "one");
    keeper.keep(one);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([1]);
    holder.close();
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitFor(() => expect(told).toEqual([1, 0]));
    expect(await kept()).toEqual([one.broadcastId]);
  });
});
