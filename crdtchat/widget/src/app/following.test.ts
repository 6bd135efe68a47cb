import { expect, it } from "vitest";
import { differs } from "./following";

const TARGET = {
  exact: "the lamp went dark",
  prefix: `${"far away ".repeat(8)}and one evening `,
  suffix: ` for eleven minutes${" and so on".repeat(8)}`,
  startCp: 100,
  endCp: 118,
  kind: "text",
  part: "",
  version: "",
};

it.each([
  ["nothing", {}, false],
  ["the place alone", { startCp: 900, endCp: 918, version: "v2" }, false],
  ["the far context", { prefix: `F${TARGET.prefix.slice(1)}`, suffix: TARGET.suffix.slice(0, -9) }, false],
  ["the words", { exact: "the lamp was dark" }, true],
  ["the near context before", { prefix: TARGET.prefix.replace("one", "some") }, true],
  ["the near context after", { suffix: TARGET.suffix.replace("eleven", "twelve") }, true],
])("%s changed", (_, change, wanted) => {
  expect(differs(TARGET, { ...TARGET, ...change })).toBe(wanted);
});
