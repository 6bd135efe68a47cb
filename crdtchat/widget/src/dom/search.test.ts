import { expect, it, describe as suite, vi } from "vitest";
import { describe, type Place, type Quote } from "./anchoring";
import { Edit } from "./edits";
import { Search } from "./search";

const ROW = "The lamp was lit, the glass was clean, and nothing was seen.";
const OLD = `The log of one winter\n${Array(30).fill(ROW).join("\n")}\nThe end of the log`;
const NEW = OLD.replace("winter\n", "winter\nA line about the weather was put in here.\n");

function quote(text: string, words: string, nth: number, version = ""): Quote {
  let start = -1;
  for (let found = 0; found <= nth; found++) start = text.indexOf(words, start + 1);
  return { ...describe(text, start, start + words.length), version };
}

function searching(text: string, quotes: Record<string, Quote>, recall = async () => null as string | null) {
  const places = new Map<string, Place>();
  const asked = vi.fn(recall);
  const search = new Search(text, asked, {
    quote: (aid) => quotes[aid],
    found: (found) => {
      for (const [aid, place] of found) places.set(aid, place);
    },
  });
  for (const aid of Object.keys(quotes)) search.add(aid);
  return { search, places, asked };
}

suite("a search", () => {
  const row = quote(OLD, "nothing was seen", 11, "v1");
  const right = OLD.indexOf(ROW) + 11 * (ROW.length + 1) + ROW.indexOf("nothing");

  it("asks for no old text where nothing changed", async () => {
    const { places, asked } = searching(OLD, { row });
    await vi.waitFor(() =>
      expect(places.get("row")).toMatchObject({ state: "exact", startCp: right, score: 1 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).not.toHaveBeenCalled();
  });

  it("suggests what is in doubt, and finds it with the old text as a witness, asked for once", async () => {
    const other = quote(OLD, "nothing was seen", 20, "v1");
    let arrive: (text: string) => void = () => {};
    const text = new Promise<string>((resolve) => {
      arrive = resolve;
    });
    const { places, asked } = searching(NEW, { row, other }, () => text);
    await vi.waitFor(() => expect(places.size).toBe(2));
    expect(places.get("row")?.state).toBe("unsure");
    arrive(OLD);
    const added = NEW.length - OLD.length;
    await vi.waitFor(() =>
      expect(places.get("row")).toMatchObject({ state: "moved", startCp: right + added }),
    );
    await vi.waitFor(() => expect(places.get("other")?.state).toBe("moved"));
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("does not listen to a text in which the words do not stand where they stood", async () => {
    const { places, asked } = searching(NEW, { row }, async () => `One word more. ${OLD}`);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(places.get("row")?.state).toBe("unsure");
  });

  it("asks again for a text that could not be had, when it is told to", async () => {
    let text: string | null = null;
    const { search, places, asked } = searching(NEW, { row }, async () => text);
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    text = OLD;
    await vi.waitFor(() => {
      search.recallAgain();
      expect(places.get("row")?.state).toBe("moved");
    });
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("starts anew with another text, and forgets what it was at", async () => {
    const { search, places } = searching(NEW, { row }, async () => OLD);
    search.restart(OLD);
    search.add("row");
    await vi.waitFor(() => expect(places.get("row")).toMatchObject({ state: "exact", startCp: right }));
  });
});

suite("an edit", () => {
  it.each([
    ["insertion", "abc def", "abc new def", 4, 7, 4],
    ["deletion", "abc new def", "abc def", 8, 11, -4],
    ["before it", "abc def", "abc xef", 0, 3, 0],
  ])("%s takes what it left alone along", (_, before, after, start, end, shift) => {
    expect(new Edit(before, after).moved(start, end)).toBe(shift);
  });

  it("touches what it changed, and what it was put into", () => {
    expect(new Edit("abc def", "abX def").moved(0, 3)).toBeUndefined();
    expect(new Edit("one two", "one and two").moved(0, 7)).toBeUndefined();
    expect(new Edit("aaaa", "aaaaaa").moved(0, 4)).toBe(0);
  });
});
