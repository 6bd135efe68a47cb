import { describe, expect, it } from "vitest";
import { beingMentioned, candidates, decodeMentions, encodeMentions, mentions } from "./mentions";

const PEOPLE = [
  { id: "ann", name: "Ann" },
  { id: "guest(1)", name: "Ann Lee" },
  { id: "z", name: "Żółw Łukasz" },
];

describe("mentions", () => {
  it("go from the text box to the record and back", () => {
    const typed = "@Ann Lee and @Ann, see what @Żółw Łukasz said";
    const record = encodeMentions(typed, PEOPLE);
    expect(record).toBe(
      "[@Ann Lee](mention:guest%281%29) and [@Ann](mention:ann), see what [@Żółw Łukasz](mention:z) said",
    );
    expect(decodeMentions(record).text).toBe(typed);
    expect(mentions(record, "guest(1)")).toBe(true);
    expect(mentions(record, "bob")).toBe(false);
  });

  it("leave addresses and longer words alone", () => {
    for (const text of ["mail ann@Ann", "@Annie", "[@Ann](mention:ann)"])
      expect(encodeMentions(text, PEOPLE)).toBe(text);
  });

  it("end where the name does", () => {
    const people = [{ id: "lee", name: "ann.lee" }, ...PEOPLE];
    for (const text of ["@Ann-Marie", "@Ann_B", "@Ann.B", "@ann.lee-smith"])
      expect(encodeMentions(text, people)).toBe(text);
    for (const end of ["", ".", ". ", "-", " - no", "'s", "’s", "!", ")"])
      expect(encodeMentions(`@Ann${end}`, people)).toBe(`[@Ann](mention:ann)${end}`);
    expect(encodeMentions("@ann.lee.", people)).toBe("[@ann.lee](mention:lee).");
  });

  it("are of the first of one name", () => {
    expect(encodeMentions("@Ann", [{ id: "other", name: "Ann" }, ...PEOPLE])).toBe("[@Ann](mention:other)");
  });

  it("are not in code or links", () => {
    const people = [{ id: "m", name: "media" }, ...PEOPLE];
    const fenced = "```css\n@media print {}\n```";
    for (const text of [
      "write `@media print` there",
      "``a ` @media`` too",
      fenced,
      `- in a list:\n\n  ${fenced.replaceAll("\n", "\n  ")}`,
      `> ${fenced.replaceAll("\n", "\n> ")}`,
      "~~~\n@media\nnever closed",
      "so:\n\n    @media print",
      "| a | b |\n|---|---|\n| `@media` | 1 |",
      "https://example.org/@media/1",
      "[what @media says](https://example.org)",
      "[1]: https://example.org/@media",
    ]) {
      expect(encodeMentions(text, people)).toBe(text);
      expect(encodeMentions(`@Ann\n\n${text}`, people)).toBe(`[@Ann](mention:ann)\n\n${text}`);
    }
    expect(encodeMentions("`@media` is not @media", people)).toBe("`@media` is not [@media](mention:m)");
    expect(encodeMentions("an open ` before @media", people)).toBe("an open ` before [@media](mention:m)");
    const deep = `${">".repeat(10_000)} @Ann`;
    expect(encodeMentions(deep, people)).toBe(deep);
    for (const text of ["`@me", "```\n@me", "see `x` and `a @me"])
      expect(beingMentioned(text, text.length)).toBeUndefined();
    expect(beingMentioned("`x` @me", 7)).toBe("me");
  });

  it("are offered while they are typed", () => {
    expect(beingMentioned("hello @An", 9)).toBe("An");
    expect(beingMentioned("hello @", 7)).toBe("");
    expect(beingMentioned("a@b", 3)).toBeUndefined();
    expect(candidates(PEOPLE, "le").map((p) => p.name)).toEqual(["Ann Lee"]);
    expect(candidates(PEOPLE, "łuk").map((p) => p.id)).toEqual(["z"]);
  });
});
