import { beforeEach, describe, expect, it } from "vitest";
import { Drafts } from "./drafts";

class Kept implements Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  readonly texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }

  removeItem(key: string): void {
    this.texts.delete(key);
  }
}

describe("drafts", () => {
  let storage: Kept;
  let now = 0;
  const visit = (user: string) =>
    new Drafts(
      "page",
      storage as unknown as Storage,
      () => user,
      () => {},
    );
  const draft = (user: string, text: string, id = "reply:a1") => ({ id, text, user, at: ++now });

  beforeEach(() => {
    storage = new Kept();
  });

  it("are shown to nobody else who signs in on the same browser, and kept for their author", () => {
    visit("zoe").put(draft("zoe", "Half a thou"));
    const max = visit("max");
    expect(max.get("reply:a1")).toBeUndefined();
    expect(max.all()).toEqual([]);
    expect(visit("").all()).toEqual([]);
    max.put(draft("max", "My own"));
    max.remove("reply:a1");
    expect(visit("zoe").get("reply:a1")?.text).toBe("Half a thou");
  });

  it("of who had not signed in are whose who does", () => {
    visit("").put(draft("", "Typed before anybody was known", "new"));
    visit("~01234567").put(draft("~01234567", "As a guest"));
    const zoe = visit("zoe");
    expect(zoe.all().map(({ text }) => text)).toEqual(["As a guest", "Typed before anybody was known"]);
    zoe.put(draft("zoe", "As a guest, and on"));
    expect(zoe.all().filter(({ id }) => id === "reply:a1")).toHaveLength(1);
    expect(
      visit("max")
        .all()
        .map(({ id }) => id),
    ).toEqual(["new"]);
  });

  it("typed in one place before and after it was known who is here are one, and none is lost", () => {
    visit("zoe").put(draft("zoe", "Mine"));
    visit("").put(draft("", "Typed offline, before the token came"));
    const zoe = visit("zoe");
    expect(zoe.all()).toHaveLength(1);
    expect(zoe.get("reply:a1")?.text).toBe("Mine\n\nTyped offline, before the token came");
    zoe.put(draft("zoe", "Mine, typed on"));
    expect(visit("zoe").get("reply:a1")?.text).toBe("Mine, typed on");
    expect(visit("max").all()).toEqual([]);
  });

  it("are the newest fifty, and none of what cannot be read", () => {
    const zoe = visit("zoe");
    for (let number = 0; number < 60; number++) zoe.put(draft("zoe", `text ${number}`, `reply:${number}`));
    expect(zoe.all()).toHaveLength(50);
    expect(zoe.get("reply:9")).toBeUndefined();
    expect(visit("zoe").get("reply:59")?.text).toBe("text 59");
    for (const text of ["{", "{}", "[null]", "[1]"]) {
      for (const key of storage.texts.keys()) storage.setItem(key, text);
      expect(visit("zoe").all()).toEqual([]);
    }
  });
});
