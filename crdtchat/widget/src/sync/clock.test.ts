import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Clock } from "./clock";

const kept = new Map<string, string>();
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
  removeItem: (key: string) => kept.delete(key),
} as unknown as Storage;

beforeEach(() => {
  kept.clear();
  vi.useFakeTimers({ now: 10_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

it("goes by the server where this machine is ahead, also after a reload", () => {
  const clock = new Clock("s", storage);
  clock.learn(4_000_000);
  vi.advanceTimersByTime(1_000);
  expect(clock.now()).toBe(4_001_000);
  expect(new Clock("s", storage).now()).toBe(4_001_000);
  expect(new Clock("another", storage).now()).toBe(10_001_000);
});

it("keeps its own time where it is behind, or ahead by no more than a message takes", () => {
  const clock = new Clock("s", storage);
  for (const server of [20_000_000, 10_000_000 - 9_000]) {
    clock.learn(server);
    expect(clock.now()).toBe(10_000_000);
  }
  expect(kept.size).toBe(0);
});

it("works where nothing can be stored", () => {
  const clock = new Clock("s", null);
  clock.learn(4_000_000);
  expect(clock.now()).toBe(4_000_000);
});
