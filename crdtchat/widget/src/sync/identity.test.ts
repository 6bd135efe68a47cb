import { describe, expect, it } from "vitest";
import { Identity } from "./identity";

function token(claims: string): string {
  const bytes = [...new TextEncoder().encode(claims)].map((byte) => String.fromCharCode(byte)).join("");
  return `head.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.signature`;
}

describe("the subject of the host page's token", () => {
  const subject = (sso: string | null) => new Identity("server", "tenant", () => sso, null).subject;

  it("is known before the server was heard of", () => {
    expect(subject(token('{"sub": "u-7", "name": "Zoë"}'))).toBe("u-7");
    expect(subject(token('{"sub": "Żółć?~", "exp": 1}'))).toBe("Żółć?~");
  });

  it("is nobody for what is no such token", () => {
    for (const text of [null, "", "opaque", "a.b.c", token("[]"), token("null"), token('{"sub": 7}')])
      expect(subject(text)).toBe("");
  });
});
