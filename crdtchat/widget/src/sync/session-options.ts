/** What a session is made of. */
import type { Carrier } from "./transport";

export interface SessionOptions {
  /** Where the server is: http(s)://host[:port][/prefix] */
  server: string;
  tenant: string;
  page: string;
  /** See Place. */
  fetch?: typeof fetch;
  /** A signed token, or "" for a guest. */
  sso: () => string | Promise<string>;
  /** Left out: over the web, and a guest's name and token are kept in the browser. */
  carrier?: Carrier;
}
