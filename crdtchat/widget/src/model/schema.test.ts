import { expect, it } from "vitest";
import { isImported } from "./schema";

it("tells imported people from those who sign in", () => {
  expect(["import:ann", "import:acct:ann@hypothes.is"].every(isImported)).toBe(true);
  expect(["ann", "~0a", "", "important", "Import:ann"].some(isImported)).toBe(false);
});
