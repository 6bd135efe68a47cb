/**
 * Mentions. In a record they are Markdown links, `[@Ann Lee](mention:ann)`, so that the person is certain and
 * other programs show something sensible. In the text box they are just `@Ann Lee`.
 */
export interface Person {
  id: string;
  name: string;
}

const LINK = /\[@([^\]\n]{1,128})\]\(mention:([^()\s]{1,400})\)/g;
const BEING_TYPED = /(?:^|[\s([{"'„«])@([\p{L}\p{N}_.-]{0,32}(?: [\p{L}\p{N}_.-]{0,32})?)$/u;

const linkName = (name: string): string => name.replace(/[[\]\n\\]/g, "");
const linkId = (id: string): string =>
  encodeURIComponent(id).replace(/[()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/** Text box to record: the longest name first, so that "@Ann Lee" is not taken for "@Ann". */
export function encodeMentions(text: string, people: readonly Person[]): string {
  const byName = new Map(people.map((person) => [linkName(person.name), person]));
  const names = [...byName.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  if (names.length === 0) return text;
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(^|[^\\p{L}\\p{N}\\[@])@(${escaped.join("|")})(?![\\p{L}\\p{N}])`, "gu");
  return text.replace(pattern, (_, before: string, name: string) => {
    const person = byName.get(name) as Person;
    return `${before}[@${name}](mention:${linkId(person.id)})`;
  });
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
  return BEING_TYPED.exec(text.slice(0, caret))?.[1];
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
