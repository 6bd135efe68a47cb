/** A comment's Markdown as DOM nodes. Everything goes through DOMPurify; nothing is ever set as a string. */
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { mentioned } from "../app/mentions";

const marked = new Marked({ gfm: true, breaks: true, async: false });

const TAGS =
  "p br strong b em i del s code pre blockquote ul ol li a h1 h2 h3 h4 h5 h6 hr table thead tbody tr th td sup sub";
const CONFIG = {
  ALLOWED_TAGS: TAGS.split(" "),
  ALLOWED_ATTR: ["href", "title", "start", "align"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|mention):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true as const,
};
const MOST_CACHED = 400;
const cache = new Map<string, DocumentFragment>();

export function render(text: string, me: string): DocumentFragment {
  const key = `${me}\n${text}`;
  let fragment = cache.get(key);
  if (!fragment) {
    fragment = DOMPurify.sanitize(marked.parse(text) as string, CONFIG);
    for (const link of fragment.querySelectorAll("a")) tend(link, me);
    // A comment's headings must not disturb the outline of the page.
    for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6"))
      rename(heading, "p", "heading");
    if (cache.size >= MOST_CACHED) cache.delete(cache.keys().next().value as string);
    cache.set(key, fragment);
  }
  return fragment.cloneNode(true) as DocumentFragment;
}

function tend(link: HTMLAnchorElement, me: string): void {
  const person = mentioned(link.getAttribute("href") ?? "");
  if (person !== undefined) {
    rename(link, "span", person === me ? "mention me" : "mention");
    return;
  }
  if (!link.hasAttribute("href")) return;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow ugc";
}

function rename(element: Element, tag: string, name: string): void {
  const other = document.createElement(tag);
  other.className = name;
  other.append(...element.childNodes);
  element.replaceWith(other);
}

/** The first words of a comment, without marks. */
export function plain(text: string, me: string): string {
  return (render(text, me).textContent ?? "").replace(/\s+/g, " ").trim();
}
