/**
 * Page versions (PROTOCOL section 6): the texts that annotations were made on, named by their hash, stored
 * once beside the discussions and fetched only to find words again. They are a help: whatever fails here, the
 * annotation stands.
 */
import type { Operation } from "../model/intents";
import { readAnchor, readAnnotation } from "../model/schema";
import type { Session } from "./session";
import { VersionCache } from "./version-cache";

const LETTERS = 22;
const MOST_BYTES = 2_097_152;
/** Answers that asking again does not change. */
const FINAL = new Set([201, 204, 404, 409, 413, 415, 422]);

/** The name of a text; empty for one that cannot be kept, or where the page is not served securely. */
export async function versionOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  // Half a surrogate pair has no bytes of its own.
  if (!globalThis.crypto?.subtle || bytes.length > MOST_BYTES || /\p{Cs}/u.test(text)) return "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const base64 = btoa(String.fromCharCode(...digest));
  return base64.replaceAll("+", "-").replaceAll("/", "_").slice(0, LETTERS);
}

export class Versions {
  readonly #cache: VersionCache;
  /** What is being put into the cache, or was found there. */
  readonly #noted = new Map<string, Promise<void>>();
  readonly #sending = new Set<string>();

  constructor(
    private readonly session: Session,
    factory: IDBFactory | undefined = globalThis.indexedDB,
  ) {
    this.#cache = new VersionCache(session.key, factory);
    session.on("settled", (operation) => {
      for (const version of namedBy(operation)) void this.#send(version, operation.user);
    });
    session.on("synced", () => void this.#sendOwed());
    session.on("rebuilt", () => void this.#cache.forget());
  }

  /** Whether the server keeps page versions for this tenant. */
  get offered(): boolean {
    return this.session.welcome?.page_versions === true;
  }

  get #user(): string | undefined {
    return this.session.welcome?.principal.id;
  }

  /** What is about to be written may name a version: its text goes to the server once that is acknowledged. */
  owe(operation: Operation, textOf: (version: string) => string | undefined): void {
    for (const version of namedBy(operation)) {
      const text = textOf(version);
      if (text === undefined || this.#noted.has(version)) continue;
      this.#noted.set(version, this.#note(version, text, operation.user));
    }
  }

  /** The text of a version, or null if it cannot be had now. */
  async recall(version: string): Promise<string | null> {
    const kept = await this.#cache.get(version);
    if (kept !== undefined) return kept;
    if (!this.offered) return null;
    const answer = await this.#ask(version);
    const text = answer?.ok ? await answer.text() : null;
    // Whoever stored it: a text is what its name says, or nothing.
    if (text === null || (await versionOf(text)) !== version) return null;
    await this.#cache.put(version, text, "");
    return text;
  }

  close(): void {
    this.#cache.close();
  }

  async #note(version: string, text: string, user: string): Promise<void> {
    // What was sent or fetched once is on the server. What somebody else owes who wrote here is not.
    if ((await this.#cache.debtor(version)) !== "") await this.#cache.put(version, text, user);
  }

  /** What earlier visits of this user could not send; what waits for its annotation goes after that. */
  async #sendOwed(): Promise<void> {
    const user = this.#user;
    if (!this.offered || user === undefined) return;
    const waiting = new Set([...this.session.pending.values()].flatMap(namedBy));
    for (const version of await this.#cache.owed(user))
      if (!waiting.has(version)) await this.#send(version, user);
  }

  /** The server takes it from a user whose annotation names it, and from nobody else. */
  async #send(version: string, user: string): Promise<void> {
    if (!this.offered || user !== this.#user || this.#sending.has(version)) return;
    this.#sending.add(version);
    await this.#noted.get(version);
    if ((await this.#cache.owed(user)).includes(version)) {
      const body = (await this.#cache.get(version)) ?? "";
      const headers = { "Content-Type": "text/plain; charset=utf-8" };
      const answer = await this.#ask(version, { method: "PUT", headers, body });
      if (FINAL.has(answer?.status ?? 0)) await this.#cache.put(version, body, "");
    }
    this.#sending.delete(version);
  }

  /** Without a connection there is no answer: it is asked again when there is one. */
  #ask(version: string, init?: RequestInit): Promise<Response | undefined> {
    return this.session.fetch(`versions/${version}`, init).catch(() => undefined);
  }
}

function namedBy({ intents }: Operation): string[] {
  const named = intents.map(({ root, value }) => {
    if (root === "a") return readAnnotation(value)?.target.version;
    return root === "t" ? readAnchor(value)?.target.version : undefined;
  });
  return named.filter((version) => version !== undefined && version !== "") as string[];
}
