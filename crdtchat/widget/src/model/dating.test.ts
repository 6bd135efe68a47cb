import { expect, it } from "vitest";
import { redate } from "./dating";
import type { Intent, Operation } from "./intents";

const NOW = 10_000_000;
const HOUR = 3_600_000;

const nothing = { get: () => undefined };
const operation = (...intents: Intent[]): Operation => ({ broadcastId: "b", user: "ann", at: NOW, intents });

it("dates what lies in the server's future now, and leaves the rest", () => {
  const made = operation(
    { root: "a", key: "anno", value: ["ann", NOW + HOUR, "words", "", "", 0, NOW + HOUR] },
    { root: "c", key: "anno/comm", value: ["ann", NOW + HOUR, "text"] },
    { root: "s", key: "anno", value: [1, "ann", NOW + 240_000] },
    { root: "m", key: "anno", value: [1, "ann", NOW + HOUR] },
    { root: "d", key: "anno", value: ["ann", 1] },
    { root: "r", key: "anno/comm/ann", value: "👍" },
    { root: "r", key: "anno/comm/ann", value: null },
  );
  redate(made, nothing, NOW);
  expect(made.intents.map((intent) => intent.value)).toEqual([
    ["ann", NOW, "words", "", "", 0, NOW + HOUR],
    ["ann", NOW, "text"],
    [1, "ann", NOW + 240_000],
    [1, "ann", NOW],
    ["ann", 1],
    "👍",
    null,
  ]);
});

it("keeps the time under which a comment is known when its edit is dated anew", () => {
  const edit = operation({
    root: "c",
    key: "anno/comm",
    value: ["ann", NOW + HOUR, "again", NOW + HOUR + 1],
  });
  const written = { get: (root: string) => (root === "c" ? ["ann", NOW - 5, "text"] : undefined) };
  redate(edit, written, NOW);
  expect(edit.intents[0]?.value).toEqual(["ann", NOW - 5, "again", NOW]);
});
