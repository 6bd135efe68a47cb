import { describe, expect, it } from "vitest";
import { en } from "./en";
import { pl } from "./pl";
import { Speech } from "./speech";

describe("Speech", () => {
  it("knows Polish plurals", () => {
    const speech = new Speech(["pl-PL"]);
    const said = [1, 2, 5, 12, 22, 25].map((n) => speech.count("comments", n));
    expect(said).toEqual([
      "1 komentarz",
      "2 komentarze",
      "5 komentarzy",
      "12 komentarzy",
      "22 komentarze",
      "25 komentarzy",
    ]);
  });

  it("takes the first language it has, else English", () => {
    expect(new Speech(["de-DE", "pl"]).text("reply")).toBe("Odpowiedz");
    expect(new Speech(["pl_pl"]).text("reply")).toBe("Odpowiedz");
    expect(new Speech(["de"]).text("reply")).toBe("Reply");
  });

  it("tells recent times relatively and old ones by date", () => {
    const speech = new Speech(["en-GB"]);
    const now = Date.UTC(2026, 5, 15, 12);
    expect(speech.ago(now - 5 * 60_000, now)).toBe("5 min ago");
    expect(speech.ago(now - 1_000, now)).toBe("now");
    expect(speech.ago(now - 30 * 86_400_000, now)).toBe("16 May 2026");
  });

  it("has the same placeholders in every language", () => {
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const [key, value] of Object.entries(en)) {
      const other = pl[key as keyof typeof en];
      const forms = typeof other === "string" ? [other] : Object.values(other);
      const expected = names(typeof value === "string" ? value : value.other);
      for (const form of forms) expect(names(form), key).toEqual(expected);
    }
  });

  it("has a general word for an unknown reject code", () => {
    expect(new Speech(["en"]).reason("nova")).toBe("the server refused it");
  });
});
