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

it("links to one annotation on a route of an application", () => {
  for (const [route, link] of [
    ["#/", "#/?crdtchat=new"],
    ["#/docs/5", "#/docs/5?crdtchat=new"],
    ["#!/docs/5?tab=a%20b&x", "#!/docs/5?tab=a%20b&x&crdtchat=new"],
    ["#/docs/5?crdtchat=old&tab=2", "#/docs/5?tab=2&crdtchat=new"],
  ]) {
    expect(linkTo(`https://a.example/x${route}`, "new")).toBe(`https://a.example/x${link}`);
    expect(linkedAnnotation(link as string)).toBe("new");
    expect(linkedAnnotation(route as string)).not.toBe("new");
  }
});
