/** What survives a closed tab, in IndexedDB: the confirmed replica as a row of updates, and the outbox. */
import { isOperation, type Operation } from "../model/intents";
import { done, Shelf } from "./shelf";

export interface ReplicaRow {
  page: string;
  epoch: number;
  sequence: number;
  update: Uint8Array;
}

export interface OperationRow {
  page: string;
  broadcastId: string;
  /** The tab that is to send it. */
  tab: string;
  operation: Operation;
}

const REPLICA = "replica";
const OUTBOX = "outbox";

/** Every method rejects if the browser does not do it. */
export class Database {
  readonly #shelf: Shelf;

  /** `gone`: all that was here went while the page stands. */
  constructor(factory: IDBFactory | undefined, gone: () => void) {
    const build = (db: IDBDatabase) => {
      db.createObjectStore(REPLICA, { autoIncrement: true }).createIndex("page", "page");
      db.createObjectStore(OUTBOX, { keyPath: "broadcastId" }).createIndex("page", "page");
    };
    this.#shelf = new Shelf(factory, "crdtchat", build, gone);
  }

  replica(page: string): Promise<ReplicaRow[]> {
    return this.#shelf.transact(
      [REPLICA],
      "readonly",
      (transaction) =>
        done(transaction.objectStore(REPLICA).index("page").getAll(page)) as Promise<ReplicaRow[]>,
    );
  }

  /** Oldest first. */
  operations(page: string): Promise<OperationRow[]> {
    return this.#shelf.transact([OUTBOX], "readonly", (transaction) => outboxOf(transaction, page));
  }

  /** Adds to the stored replica; `whole` replaces what is there. */
  keep(row: ReplicaRow, whole: boolean): Promise<void> {
    return this.#shelf.transact([REPLICA], "readwrite", async (transaction) => {
      const store = transaction.objectStore(REPLICA);
      if (whole) for (const key of await done(store.index("page").getAllKeys(row.page))) store.delete(key);
      store.add(row);
    });
  }

  /** Deletes what is stored of a page's other epochs, and what cannot be read. */
  forget(page: string, epoch: number): Promise<void> {
    return this.#shelf.transact([REPLICA], "readwrite", async (transaction) => {
      const store = transaction.objectStore(REPLICA);
      for (const key of await done(store.index("page").getAllKeys(page))) {
        const row = store.get(key) as IDBRequest<ReplicaRow>;
        row.onsuccess = () => row.result.epoch !== epoch && store.delete(key);
        row.onerror = (event) => {
          event.preventDefault();
          event.stopPropagation();
          store.delete(key);
        };
      }
    });
  }

  put(row: OperationRow): Promise<void> {
    return this.#shelf.transact([OUTBOX], "readwrite", (transaction) => {
      transaction.objectStore(OUTBOX).put(row);
    });
  }

  remove(broadcastId: string): Promise<void> {
    return this.#shelf.transact([OUTBOX], "readwrite", (transaction) => {
      transaction.objectStore(OUTBOX).delete(broadcastId);
    });
  }

  /**
   * Takes over the operations of a tab that is gone; of two tabs that try only one gets them. Answers them, and the
   * other tabs that have some of this page.
   */
  claim(page: string, from: string, by: string): Promise<{ claimed: Operation[]; others: Set<string> }> {
    return this.#shelf.transact([OUTBOX], "readwrite", async (transaction) => {
      const rows = await outboxOf(transaction, page);
      const claimed = rows.filter((row) => row.tab === from);
      for (const row of claimed) transaction.objectStore(OUTBOX).put({ ...row, tab: by });
      const others = new Set(rows.map((row) => row.tab).filter((tab) => tab !== from && tab !== by));
      return { claimed: claimed.map((row) => row.operation), others };
    });
  }

  close(): void {
    this.#shelf.close();
  }
}

/** What nobody can make sense of is left alone. */
async function outboxOf(transaction: IDBTransaction, page: string): Promise<OperationRow[]> {
  const rows = (await done(transaction.objectStore(OUTBOX).index("page").getAll(page))) as OperationRow[];
  return rows.filter((row) => isOperation(row.operation)).sort((a, b) => a.operation.at - b.operation.at);
}
