/**
 * One IndexedDB database, which may go while the page stands: deleted by somebody, evicted or broken, or wanted by a
 * newer version of the widget. It is opened anew, empty perhaps, when it is needed next.
 */

/** A browser may take for ever to open a database. Nobody waits longer, and what was opened late is used next. */
const OPEN_MS = 5_000;

export const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const finished = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

export class Shelf {
  #db: IDBDatabase | null = null;
  #opening: Promise<IDBDatabase> | null = null;
  #closed = false;

  constructor(
    private readonly factory: IDBFactory | undefined,
    private readonly name: string,
    private readonly build: (db: IDBDatabase) => void,
    /** It went, with all that was on it as far as anybody knows. */
    private readonly gone: () => void = () => {},
  ) {}

  /**
   * Acts in one transaction, at once if the database is open. Answers when what was done is on disk; rejects with why
   * it is not.
   */
  async transact<T>(
    stores: string[],
    mode: IDBTransactionMode,
    act: (transaction: IDBTransaction) => T | Promise<T>,
  ): Promise<T> {
    const transaction = this.#begin(stores, mode) ?? (await this.#openFor(stores, mode));
    const acting = async () => act(transaction);
    const [answer] = await Promise.all([acting(), finished(transaction)]);
    return answer;
  }

  close(): void {
    this.#closed = true;
    this.#db?.close();
    this.#db = null;
  }

  #begin(stores: string[], mode: IDBTransactionMode): IDBTransaction | undefined {
    try {
      return this.#db?.transaction(stores, mode);
    } catch (error) {
      // It is closing, and its event has not come yet.
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      this.#went(this.#db);
      return undefined;
    }
  }

  async #openFor(stores: string[], mode: IDBTransactionMode): Promise<IDBTransaction> {
    await this.#open();
    const transaction = this.#begin(stores, mode);
    if (!transaction) throw new DOMException("the database went again", "InvalidStateError");
    return transaction;
  }

  async #open(): Promise<void> {
    if (this.#closed) throw new DOMException("it was let go", "InvalidStateError");
    this.#opening ??= this.#request().finally(() => {
      this.#opening = null;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new DOMException("the database does not open", "TimeoutError")),
        OPEN_MS,
      );
    });
    await Promise.race([this.#opening, late]).finally(() => clearTimeout(timer));
  }

  async #request(): Promise<IDBDatabase> {
    if (!this.factory) throw new DOMException("there is no IndexedDB here", "NotSupportedError");
    const request = this.factory.open(this.name, 1);
    request.onupgradeneeded = () => this.build(request.result);
    const db = await done(request);
    // Who wants to delete it, or a newer version in another tab, must not wait for this page.
    db.onversionchange = () => {
      db.close();
      this.#went(db);
    };
    db.onclose = () => this.#went(db);
    if (this.#closed) db.close();
    else this.#db = db;
    return db;
  }

  #went(db: IDBDatabase | null): void {
    if (this.#db === null || this.#db !== db) return;
    this.#db = null;
    this.gone();
  }
}
