import { expect, test } from "vitest";
import { Unread } from "./unread";

/** What a browser keeps over a reload. */
function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

test("what was seen is not new again when a reload begins with an older copy of the page", () => {
  const kept = storage();
  const before = new Unread("page", kept);
  before.add(["a/1", "a/2", "b/1"]);
  expect(before.clear("a")).toBe(true);
  before.add(["a/3"]);

  const after = new Unread("page", kept);
  after.add(["a/1", "a/2", "a/3", "b/1"]);
  expect([after.size, after.of("a"), after.has("a", "3"), after.has("a", "1")]).toEqual([2, 1, true, false]);
});

test("what was not unread changes nothing", () => {
  const unread = new Unread("page", null);
  expect(unread.clear("a")).toBe(false);
  unread.add(["a/1"]);
  expect(unread.clear("a", ["2"])).toBe(false);
  expect(unread.clear("a", ["1", "2"])).toBe(true);
  expect(unread.size).toBe(0);
});
