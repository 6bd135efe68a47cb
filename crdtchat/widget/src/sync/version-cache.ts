/**
 * Texts of page versions in this browser: those that were fetched, and those that it owes the server because
 * something written here names them. Where a browser forbids storage they last as long as the page.
 */
import { done, Shelf } from "./shelf";

interface Row {
  version: string;
  text: string;
  used: number;
  /** The page that it was fetched or written for last. */
  page: string;
  /** That page, while it owes the text to the server, or empty. */
  owing: string;
}

const TEXTS = "texts";
export const MOST_TEXTS = 16;

export class VersionCache {
  readonly #owed = new Map<string, string>();
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
    const row = await this.#ask((texts) => texts.get(version) as IDBRequest<Row | undefined>);
    return row?.text ?? this.#owed.get(version);
  }

  /** The versions that this browser owes the server for this page. */
  async owed(): Promise<string[]> {
    const kept = await this.#ask((texts) => texts.index("owing").getAllKeys(this.page));
    return [...new Set([...((kept ?? []) as string[]), ...this.#owed.keys()])];
  }

  async put(version: string, text: string, owed: boolean): Promise<void> {
    if (owed) this.#owed.set(version, text);
    else this.#owed.delete(version);
    await this.#ask((texts) => {
      const { page } = this;
      const stored = texts.put({ version, text, used: Date.now(), page, owing: owed ? page : "" });
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

  /** A full or a broken storage answers nothing: what is not kept is fetched again. */
  #ask<T>(question: (texts: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    return this.#shelf
      .transact([TEXTS], "readwrite", (transaction) => done(question(transaction.objectStore(TEXTS))))
      .catch(() => undefined);
  }
}
