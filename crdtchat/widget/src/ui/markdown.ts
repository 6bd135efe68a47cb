/**
 * A comment's Markdown as elements. marked reads the text into tokens; of these only the elements named here are
 * made, with the attributes set here and no others. HTML in a comment stays the text that was typed, but for a few
 * marks without attributes. No HTML is ever parsed, so there is nothing to sanitise.
 */
import type { MarkedToken, Token, Tokens } from "marked";
import { type ComponentChild, h, isValidElement } from "preact";
import type { Drawing } from "../app/host";
import { DEEPEST, lex } from "../app/lexing";
import { mentioned } from "../app/mentions";
import { Drawn } from "./drawn";
import { isMath, MATH, type MathToken } from "./math";

type Made = ComponentChild[];

const OPTIONS = { gfm: true, breaks: true, ...(__CRDTCHAT_HOSTED__ && { extensions: MATH }) } as const;
const SAFE = /^(?:https?|mailto):/i;
const MARK = /^<(\/?)(b|strong|i|em|s|del|sub|sup|code)>$/i;
const LINE_BREAK = /^<br ?\/?>$/i;
const CHARACTER = /&(amp|lt|gt|quot|apos|nbsp);/g;
const CHARACTERS: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};
const MOST_CACHED = 400;
/** What a host draws takes it a while each time: what is beyond this in one comment stays as it was typed. */
const MOST_DRAWN = 50;
const cache = new Map<string, Token[] | null>();

/** Whom a comment is shown to. */
interface Reader {
  me: string;
  drawing: Drawing | undefined;
  /** How much may still be drawn by the host. */
  left: number;
}

/** `me`: whose mentions stand out. `drawing`: what the host draws; what it does not stays as it was typed. */
export function render(text: string, me: string, drawing?: Drawing): Made {
  const tokens = read(text);
  return tokens ? blocks(tokens, { me, drawing, left: MOST_DRAWN }, 0) : [h("p", null, text)];
}

/** The first words of a comment, without marks. */
export function plain(text: string): string {
  return words(render(text, "")).replace(/\s+/g, " ").trim();
}

/** Null for what is nested too deep to be read. */
function read(text: string): Token[] | null {
  let tokens = cache.get(text);
  if (tokens === undefined) {
    tokens = lex(text, OPTIONS);
    if (cache.size >= MOST_CACHED) cache.delete(cache.keys().next().value as string);
    cache.set(text, tokens);
  }
  return tokens;
}

function blocks(tokens: Token[], reader: Reader, depth: number): Made {
  if (depth > DEEPEST) return tokens.map((token) => token.raw);
  const within = (inner: Token[] | undefined) => blocks(inner ?? [], reader, depth + 1);
  const line = (inner: Token[] | undefined) => inline(inner ?? [], reader, depth + 1);
  return (tokens as MarkedToken[]).map((token) => {
    if (__CRDTCHAT_HOSTED__ && isMath(token)) return h("p", null, math(token, reader));
    switch (token.type) {
      case "heading":
        // A comment's headings must not disturb the outline of the page.
        return h("p", { class: "heading" }, line(token.tokens));
      case "paragraph":
        return h("p", null, line(token.tokens));
      case "html":
        return h("p", null, token.text.trim());
      case "code":
        return h("pre", null, h("code", null, code(token, reader)));
      case "blockquote":
        return h("blockquote", null, within(token.tokens));
      case "hr":
        return h("hr", null);
      case "list": {
        const items = token.items.map((item) => h("li", null, within(item.tokens)));
        return token.ordered ? h("ol", { start: token.start || 1 }, items) : h("ul", null, items);
      }
      case "table": {
        const row = (cells: typeof token.header) =>
          h(
            "tr",
            null,
            cells.map((cell) =>
              h(cell.header ? "th" : "td", { align: cell.align ?? undefined }, line(cell.tokens)),
            ),
          );
        return h("table", null, h("thead", null, row(token.header)), h("tbody", null, token.rows.map(row)));
      }
      case "space":
      case "def":
        return null;
      default:
        return line([token]);
    }
  });
}

function inline(tokens: Token[], reader: Reader, depth: number): Made {
  if (depth > DEEPEST) return tokens.map((token) => token.raw);
  const within = (inner: Token[] | undefined) => inline(inner ?? [], reader, depth + 1);
  // HTML's own marks are tokens of their own before and after what they mark.
  const open: { tag: string; made: Made }[] = [{ tag: "", made: [] }];
  const close = () => {
    const { tag, made } = open.pop() as { tag: string; made: Made };
    open[open.length - 1]?.made.push(h(tag, null, made));
  };
  for (const token of tokens as MarkedToken[]) {
    const [, closing, tag = ""] = (token.type === "html" && MARK.exec(token.raw)) || [];
    const name = tag.toLowerCase();
    if (closing === "" && open.length < DEEPEST) open.push({ tag: name, made: [] });
    else if (closing && open[open.length - 1]?.tag === name) close();
    else open[open.length - 1]?.made.push(one(token));
  }
  while (open.length > 1) close();
  return open[0]?.made ?? [];

  function one(token: MarkedToken): ComponentChild {
    if (__CRDTCHAT_HOSTED__ && isMath(token)) return math(token, reader);
    switch (token.type) {
      case "strong":
      case "em":
      case "del":
        return h(token.type, null, within(token.tokens));
      case "codespan":
        return h("code", null, token.text);
      case "br":
        return h("br", null);
      case "checkbox":
        return token.checked ? "☑ " : "☐ ";
      case "link": {
        const { href, text, title, tokens: inner, autolink } = token;
        return link(href, autolink ? text : within(inner), { title, exact: autolink });
      }
      case "image":
        return link(token.href, token.text || token.href, { title: token.title });
      case "html":
        return LINE_BREAK.test(token.raw) ? h("br", null) : token.raw;
      case "text":
        return token.tokens ? within(token.tokens) : characters(token.text);
      case "escape":
        return token.text;
      default:
        return token.raw;
    }
  }

  function link(
    written: string,
    label: ComponentChild | Made,
    { title, exact = false }: { title?: string | null; exact?: boolean },
  ): ComponentChild {
    const href = exact ? written : characters(written);
    const person = mentioned(href);
    if (person !== undefined)
      return h("span", { class: person === reader.me ? "mention me" : "mention" }, label as Made);
    if (!SAFE.test(href)) return h("span", null, label as Made);
    const rel = "noopener noreferrer nofollow ugc";
    const named = title ? characters(title) : undefined;
    return h("a", { href, title: named, target: "_blank", rel }, label as Made);
  }
}

function code({ text, lang }: Tokens.Code, reader: Reader): ComponentChild {
  const { drawing } = reader;
  if (!__CRDTCHAT_HOSTED__ || !drawing || !lang || reader.left-- <= 0) return text;
  const language = (/^\S+/.exec(lang) ?? [""])[0];
  return h(Drawn, { text, draw: (element) => drawing.code(element, text, language) });
}

function math({ raw, tex, display }: MathToken, reader: Reader): ComponentChild {
  const { drawing } = reader;
  const text = raw.trim();
  if (!drawing || reader.left-- <= 0) return text;
  return h(Drawn, { text, draw: (element) => drawing.math(element, tex, display) });
}

/** The few characters that Markdown is often typed with as names; marked knows those by number. */
function characters(text: string): string {
  return text.replace(CHARACTER, (_, name: string) => CHARACTERS[name] ?? "");
}

function words(made: unknown): string {
  if (Array.isArray(made)) return made.map(words).join("");
  if (isValidElement(made)) {
    const within = words((made.props as { children?: unknown }).children);
    return /^(?:p|pre|li|tr|br|hr)$/.test(made.type as string) ? `${within} ` : within;
  }
  return typeof made === "string" ? made : "";
}
