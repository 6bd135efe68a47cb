/**
 * Texts of page versions in this browser: those that were fetched, and those that somebody owes the server because
 * what they wrote here names them. Where a browser forbids storage they last as long as the page.
 */
import { done, Shelf } from "./shelf";

interface Row {
  version: string;
  text: string;
  used: number;
  /** The page that it was fetched or written for last. */
  page: string;
  /** Who owes the text to the server, and for that page; empty if nobody does. */
  by: string;
  owing: string;
}

const TEXTS = "texts";
export const MOST_TEXTS = 16;

export class VersionCache {
  readonly #owed = new Map<string, { text: string; by: string }>();
  readonly #shelf: Shelf;

  constructor(
    private readonly page: string,
    factory: IDBFactory | undefined,
  ) {
    this.#shelf = new Shelf(factory, "crdtchat-versions", (db) => {
      const texts = db.createObjectStore(TEXTS, { keyPath: "version" });
      for (const index of ["owing", "used", "page"]) texts.createIndex(index, index);
    });
  }

  async get(version: string): Promise<string | undefined> {
    return (await this.#row(version))?.text ?? this.#owed.get(version)?.text;
  }

  /** Who owes it to the server; empty for a text that the server has, undefined for one that is not here. */
  async debtor(version: string): Promise<string | undefined> {
    return (await this.#row(version))?.by ?? this.#owed.get(version)?.by;
  }

  /** The versions that this user owes the server for this page. */
  async owed(user: string): Promise<string[]> {
    const kept = await this.#ask((texts) => texts.index("owing").getAllKeys(this.#debt(user)));
    const here = [...this.#owed].filter(([, { by }]) => by === user).map(([version]) => version);
    return [...new Set([...((kept ?? []) as string[]), ...here])];
  }

  /** `by`: who owes it to the server from now on, or empty. */
  async put(version: string, text: string, by: string): Promise<void> {
    if (by) this.#owed.set(version, { text, by });
    else this.#owed.delete(version);
    await this.#ask((texts) => {
      const { page } = this;
      const stored = texts.put({ version, text, used: Date.now(), page, by, owing: this.#debt(by) });
      const all = texts.index("used").getAllKeys();
      all.onsuccess = () => {
        for (const key of all.result.slice(0, -MOST_TEXTS)) texts.delete(key);
      };
      return stored;
    });
  }

  /** The page was rebuilt without what was erased: nothing of it is kept. */
  async forget(): Promise<void> {
    this.#owed.clear();
    await this.#ask((texts) => {
      const all = texts.index("page").getAllKeys(this.page);
      all.addEventListener("success", () => {
        for (const key of all.result) texts.delete(key);
      });
      return all;
    });
  }

  close(): void {
    this.#shelf.close();
  }

  #debt(user: string): string {
    return user && JSON.stringify([this.page, user]);
  }

  #row(version: string): Promise<Row | undefined> {
    return this.#ask((texts) => texts.get(version) as IDBRequest<Row | undefined>);
  }

  /** A full or a broken storage answers nothing: what is not kept is fetched again. */
  #ask<T>(question: (texts: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    return this.#shelf
      .transact([TEXTS], "readwrite", (transaction) => done(question(transaction.objectStore(TEXTS))))
      .catch(() => undefined);
  }
}
