import { describe, expect, it } from "vitest";
import { compareWords, type Part, sameWords, shorten } from "./wording";

const shown = (parts: Part[]): string =>
  parts.map(({ text, other }) => (other ? `[${text}]` : text)).join("");

describe("compared words", () => {
  it.each([
    ["nobody ever said why", "nobody ever asked why", "nobody ever [said] why", "nobody ever [asked] why"],
    ["one two three", "two three four", "[one ]two three", "two three[ four]"],
    ["a big old house", "a small new house", "a [big old] house", "a [small new] house"],
    ["灯塔的灯灭了", "灯塔的火灭了", "灯塔的[灯]灭了", "灯塔的[火]灭了"],
    ["same", "same", "same", "same"],
    ["every ship", "the tide turned", "every ship", "the tide turned"],
    ["Ząb 😀 ok", "Ząb 😁 ok", "Ząb [😀] ok", "Ząb [😁] ok"],
  ])("%s → %s", (before, now, wantedBefore, wantedNow) => {
    const found = compareWords(before, now);
    expect([shown(found.before), shown(found.now)]).toEqual([wantedBefore, wantedNow]);
  });

  it("leave out the middle of what both have in common", () => {
    const long = "word ".repeat(60);
    const { now } = compareWords(`old ${long}end`, `new ${long}end`);
    expect(shown(now)).toMatch(/^\[new\] word .{30,50} … {1,2}$/);
    expect(now.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(120);
  });

  it("stay bounded on long passages with nothing in common", () => {
    const { before, now } = compareWords("x y ".repeat(2_000), "a b ".repeat(2_000));
    expect(before.length + now.length).toBeLessThan(10);
    expect(shown(before).length).toBeLessThan(1_000);
  });

  it("are the same whatever the white space and case", () => {
    expect(sameWords("Every  ship", "every\nship")).toBe(true);
    expect(sameWords("every ship", "every ships")).toBe(false);
  });

  it("are not cut inside a character", () => {
    expect(shorten("😀".repeat(20), 2, 1)).toBe("😀😀 … 😀");
    expect(shorten("short", 2, 1)).toBe("short");
  });
});
