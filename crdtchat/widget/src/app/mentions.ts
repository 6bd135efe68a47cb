/**
 * Mentions. In a record they are Markdown links, `[@Ann Lee](mention:ann)`, so that the person is certain and
 * other programs show something sensible. In the text box they are just `@Ann Lee`.
 */
import { lex } from "./lexing";

export interface Person {
  id: string;
  name: string;
}

const LINK = /\[@([^\]\n]{1,128})\]\(mention:([^()\s]{1,400})\)/g;
const BEING_TYPED = /(?:^|[\s([{"'„«])@([\p{L}\p{N}_.-]{0,32}(?: [\p{L}\p{N}_.-]{0,32})?)$/u;

/** What is in code or in a link is what it is, and no person. */
const LITERAL = new Set(["code", "codespan", "link", "image", "def"]);
/** Where a name ends: "@Ann-Marie" and "@ann.lee" are not "@Ann", "@Ann's" is. */
const ENDS = "(?![\\p{L}\\p{N}_]|[-.][\\p{L}\\p{N}])";
/** Signs that nobody types: they stand for the @ of those that may be mentions while the text is read. */
const STAND_INS = { first: 0xe000, most: 6_400 };

const linkName = (name: string): string => name.replace(/[[\]\n\\]/g, "");
const linkId = (id: string): string =>
  encodeURIComponent(id).replace(/[()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/**
 * Text box to record: the longest name first, so that "@Ann Lee" is not taken for "@Ann". Of people of one name the
 * first is meant.
 */
export function encodeMentions(text: string, people: readonly Person[]): string {
  const byName = new Map([...people].reverse().map((person) => [linkName(person.name), person]));
  const names = [...byName.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  if (names.length === 0) return text;
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(^|[^\\p{L}\\p{N}\\[@])@(${escaped.join("|")})${ENDS}`, "gu");
  const literal = literalIn(marked(text, pattern));
  let number = 0;
  return text.replace(pattern, (whole, before: string, name: string) => {
    if (literal.includes(standIn(number++))) return whole;
    const person = byName.get(name) as Person;
    return `${before}[@${name}](mention:${linkId(person.id)})`;
  });
}

const standIn = (number: number): string => String.fromCharCode(STAND_INS.first + (number % STAND_INS.most));

/** With a sign of its own for each @ of the pattern. */
function marked(text: string, pattern: RegExp): string {
  let number = 0;
  return text.replace(pattern, (_, before: string, name: string) => `${before}${standIn(number++)}${name}`);
}

/** All of a text that is read as it stands. */
function literalIn(text: string): string {
  const tokens = lex(text, { gfm: true, breaks: true });
  // What is nested too deep is shown as it was typed.
  return tokens ? literalOf(tokens) : text;
}

function literalOf(part: unknown): string {
  if (Array.isArray(part)) return part.map(literalOf).join("");
  if (typeof part !== "object" || part === null) return "";
  const { type, raw } = part as { type?: string; raw?: string };
  return type && LITERAL.has(type) ? (raw ?? "") : Object.values(part).map(literalOf).join("");
}

/** Record to text box, and who was mentioned. */
export function decodeMentions(text: string): { text: string; people: Person[] } {
  const people: Person[] = [];
  const plain = text.replace(LINK, (whole, name: string, id: string) => {
    const person = mentioned(`mention:${id}`);
    if (person === undefined) return whole;
    people.push({ id: person, name });
    return `@${name}`;
  });
  return { text: plain, people };
}

export function mentions(text: string, user: string): boolean {
  for (const [, , id] of text.matchAll(LINK)) if (mentioned(`mention:${id}`) === user) return true;
  return false;
}

/** The person behind a mention's address. */
export function mentioned(href: string): string | undefined {
  if (!href.startsWith("mention:")) return undefined;
  try {
    return decodeURIComponent(href.slice("mention:".length));
  } catch {
    return undefined;
  }
}

/** What stands after the @ that is being typed at the caret, or undefined. */
export function beingMentioned(text: string, caret: number): string | undefined {
  const typed = BEING_TYPED.exec(text.slice(0, caret))?.[1];
  if (typed === undefined) return undefined;
  const at = caret - typed.length - 1;
  // Also in code that is not closed yet.
  const before = text.slice(0, at) + standIn(0);
  const isLiteral = [before, `${before}\``].some((read) => literalIn(read).includes(standIn(0)));
  return isLiteral ? undefined : typed;
}

export function candidates(people: readonly Person[], query: string, most = 6): Person[] {
  const wanted = query.toLocaleLowerCase();
  const starts = ({ name }: Person) => name.toLocaleLowerCase().startsWith(wanted);
  const word = ({ name }: Person) =>
    name
      .toLocaleLowerCase()
      .split(/\s+/)
      .some((part) => part.startsWith(wanted));
  const fitting = people.filter((person) => starts(person) || word(person));
  return fitting.sort((a, b) => Number(starts(b)) - Number(starts(a))).slice(0, most);
}
