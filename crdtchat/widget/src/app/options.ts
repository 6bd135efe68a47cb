/** What a host page may say, under the names that the hosted service uses. */
export interface Options {
  tenantId: string;
  /** The page id. Left out: the address of the page, followed through single-page navigation. */
  urlId?: string;
  /** Where the bar goes; null hides it; left out it floats in a corner. */
  topBarTarget?: Element | null;
  /** Left out: seen from the page, and followed. */
  hasDarkBackground?: boolean;
  commentCountUpdated?: (count: number) => void;
  locale?: string;
  readonly?: boolean;
  /** 0 or left out: replies are a flat list. */
  maxReplyDepth?: number;
  /** A signed token, or a function that fetches one; it is called again when the token has run out. */
  sso?: string | (() => string | Promise<string>);
  /** Left out: where this script came from. */
  serverUrl?: string;
}

export class OptionError extends Error {}

/** What each option has to be; a page in plain JavaScript hears of a mistake at once, and which it is. */
const RULES: [keyof Options, (value: unknown) => boolean, string][] = [
  ["tenantId", (value) => isText(value) && value !== "", "a text, and required"],
  ["urlId", (value) => isText(value) && value !== "", "a text"],
  ["topBarTarget", (value) => value === null || value instanceof Element, "an element, or null for no bar"],
  ["hasDarkBackground", (value) => typeof value === "boolean", "true or false"],
  ["commentCountUpdated", (value) => typeof value === "function", "a function"],
  ["locale", isText, "a language tag"],
  ["readonly", (value) => typeof value === "boolean", "true or false"],
  ["maxReplyDepth", (value) => Number.isInteger(value) && Number(value) >= 0, "a whole number from 0 up"],
  ["sso", (value) => isText(value) || typeof value === "function", "a signed token, or a function for one"],
  ["serverUrl", isAddress, "an address"],
];

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isAddress(value: unknown): boolean {
  try {
    return isText(value) && new URL(value, location.href).protocol.startsWith("http");
  } catch {
    return false;
  }
}

/** Throws an `OptionError` that names the option. An option that is undefined is one that was left out. */
export function checked(options: Options): Options {
  const given: Partial<Record<keyof Options, unknown>> = options ?? {};
  for (const [name, rule, what] of RULES) {
    const left = given[name] === undefined && name !== "tenantId";
    if (!left && !rule(given[name])) throw new OptionError(`crdtchat: the option ${name} is ${what}`);
  }
  return options;
}
