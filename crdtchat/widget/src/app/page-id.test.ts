import { expect, it } from "vitest";
import { linkedAnnotation, linkTo, pageIdOf } from "./page-id";

it("drops what does not name the page", () => {
  expect(pageIdOf("https://a.example/x/?b=2&utm_source=m&fbclid=1#top")).toBe("https://a.example/x/?b=2");
});

it("links to one annotation", () => {
  const link = linkTo("https://a.example/x#old", "AbC_-123");
  expect(link).toBe("https://a.example/x#crdtchat=AbC_-123");
  expect(linkedAnnotation(new URL(link).hash)).toBe("AbC_-123");
  expect(linkedAnnotation("#top")).toBeUndefined();
});
