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

  it("are offered while they are typed", () => {
    expect(beingMentioned("hello @An", 9)).toBe("An");
    expect(beingMentioned("hello @", 7)).toBe("");
    expect(beingMentioned("a@b", 3)).toBeUndefined();
    expect(candidates(PEOPLE, "le").map((p) => p.name)).toEqual(["Ann Lee"]);
    expect(candidates(PEOPLE, "łuk").map((p) => p.id)).toEqual(["z"]);
  });
});
