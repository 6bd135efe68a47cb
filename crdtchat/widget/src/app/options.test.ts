import { expect, it, vi } from "vitest";
import { checked, type Options } from "./options";

vi.stubGlobal("Element", class {});
vi.stubGlobal("location", { href: "https://example.org/page" });

const good: Options = {
  tenantId: "docs",
  urlId: "page",
  topBarTarget: null,
  hasDarkBackground: false,
  commentCountUpdated: () => {},
  locale: "pl",
  readonly: true,
  maxReplyDepth: 0,
  sso: () => "token",
  serverUrl: "/comments",
};

it("takes what is right, and options that are undefined", () => {
  expect(checked(good)).toBe(good);
  const some = { tenantId: "docs", topBarTarget: undefined, sso: undefined } as unknown as Options;
  expect(checked(some)).toBe(some);
});

it.each([
  ["tenantId", ""],
  ["tenantId", undefined],
  ["urlId", 7],
  ["topBarTarget", "#bar"],
  ["hasDarkBackground", "yes"],
  ["commentCountUpdated", true],
  ["readonly", 1],
  ["maxReplyDepth", -1],
  ["maxReplyDepth", "2"],
  // The hosted service's own form.
  ["sso", { userDataJSONBase64: "", verificationHash: "", timestamp: 0 }],
  ["serverUrl", "http://["],
])("names the option that is wrong: %s", (name, value) => {
  expect(() => checked({ ...good, [name]: value } as Options)).toThrow(`the option ${name} is`);
});

it("says what is missing where nothing was given", () => {
  expect(() => checked(undefined as unknown as Options)).toThrow(
    "the option tenantId is a text, and required",
  );
});
