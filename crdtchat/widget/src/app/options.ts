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

export function checked(options: Options): Options {
  if (
    typeof options !== "object" ||
    options === null ||
    typeof options.tenantId !== "string" ||
    !options.tenantId
  )
    throw new OptionError("crdtchat: the option tenantId is missing");
  if (options.maxReplyDepth !== undefined && !(options.maxReplyDepth >= 0))
    throw new OptionError("crdtchat: maxReplyDepth is a number from 0 up");
  return options;
}
