/** Who writes in this browser. A guest chooses a name once for a server and tenant; the token is kept. */
import type { Principal } from "./wire";

interface Stored {
  name: string;
  token: string;
  /** The token of a reader who has not chosen a name: keeps their windows one person. */
  visitor: string;
  principal: Principal | null;
}

const NOBODY: Stored = { name: "", token: "", visitor: "", principal: null };

/** Several containers of one page share an identity, and storage tells only other windows of a change. */
const inThisPage = new Set<Identity>();

export class Identity {
  readonly #key: string;
  #changed: () => void = () => {};
  #stored: Stored;

  constructor(
    server: string,
    tenant: string,
    /** A signed token of the host page, which stands above a guest's; null while that is not known. */
    private readonly sso: () => string | null,
    private readonly storage: Storage | null,
  ) {
    this.#key = `crdtchat:identity:${server} ${tenant}`;
    this.#stored = this.#load();
    inThisPage.add(this);
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  close(): void {
    inThisPage.delete(this);
  }

  get signed(): boolean {
    return this.sso() !== "";
  }

  get token(): string {
    return this.sso() || this.#stored.token || (this.#stored.name === "" ? this.#stored.visitor : "");
  }

  /** Writing needs a name, or a token of the host page. */
  get named(): boolean {
    return this.signed || this.#stored.name !== "";
  }

  get name(): string {
    return this.#stored.name;
  }

  /** The last known principal: lets a known person write before the server has been reached. */
  get principal(): Principal | null {
    return this.signed ? null : this.#stored.principal;
  }

  /** Whose the host page's token says it is: good enough to tell whose drafts are shown. Empty if it is no JWT. */
  get subject(): string {
    return subjectOf(this.sso() ?? "");
  }

  choose(name: string): void {
    this.#save({ ...NOBODY, name });
  }

  welcomed(principal: Principal, token: string | null): void {
    if (this.signed) return;
    if (this.#stored.name === "") {
      if (token !== null) this.#save({ ...NOBODY, visitor: token });
      return;
    }
    if (token === null && this.#stored.token === "") return;
    this.#save({ ...this.#stored, principal, ...(token === null ? {} : { token }) });
  }

  /** The kept token is no longer valid. True if there was one to forget. */
  forgetToken(): boolean {
    if (this.#stored.token === "" && this.#stored.visitor === "") return false;
    this.#save({ ...NOBODY, name: this.#stored.name });
    return true;
  }

  reread(event: StorageEvent): void {
    if (event.key === this.#key) this.#adopt(this.#load());
  }

  /** Another window or container chose. Only a token counts: a name alone is still on its way to the server. */
  #adopt(stored: Stored): void {
    const before = this.token;
    this.#stored = stored;
    if (this.token !== before && stored.token !== "") this.#changed();
  }

  #load(): Stored {
    try {
      return { ...NOBODY, ...JSON.parse(this.storage?.getItem(this.#key) ?? "{}") };
    } catch {
      return NOBODY;
    }
  }

  #save(stored: Stored): void {
    this.#stored = stored;
    try {
      this.storage?.setItem(this.#key, JSON.stringify(stored));
    } catch {
      // A full or forbidden storage: the name lasts as long as the page.
    }
    for (const other of inThisPage) if (other !== this && other.#key === this.#key) other.#adopt(stored);
  }
}

/** What a token claims; only the server can tell whether it is true. */
function subjectOf(token: string): string {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === "string" ? sub : "";
  } catch {
    return "";
  }
}
