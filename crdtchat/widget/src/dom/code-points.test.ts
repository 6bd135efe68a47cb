import { expect, it } from "vitest";
import { CodePoints } from "./code-points";

it("counts code points where the browser counts units", () => {
  const text = "a😀b👩🏽‍🚀ć";
  const points = new CodePoints(text);
  const parts = Array.from(text);
  let u16 = 0;
  parts.forEach((part, cp) => {
    expect(points.toCp(u16)).toBe(cp);
    expect(points.toU16(cp)).toBe(u16);
    u16 += part.length;
  });
  expect(points.toCp(text.length)).toBe(parts.length);
  expect(points.toU16(parts.length)).toBe(text.length);
});
