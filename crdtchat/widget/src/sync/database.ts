/**
 * What survives a closed tab, in IndexedDB: the confirmed replica as a row of updates, and the outbox.
 * Where a browser forbids storage the widget works on without it.
 */
import type { Operation } from "../model/intents";

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

const NAME = "crdtchat";
const VERSION = 1;
const REPLICA = "replica";
const OUTBOX = "outbox";

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

export async function openDatabase(factory: IDBFactory | undefined): Promise<Database | null> {
  try {
    if (!factory) return null;
    const request = factory.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore(REPLICA, { autoIncrement: true }).createIndex("page", "page");
      db.createObjectStore(OUTBOX, { keyPath: "broadcastId" }).createIndex("page", "page");
    };
    return new Database(await done(request));
  } catch {
    return null;
  }
}

export class Database {
  constructor(private readonly db: IDBDatabase) {
    // A newer version of the widget in another tab must not wait for this one.
    db.onversionchange = () => db.close();
  }

  async load(page: string): Promise<{ replica: ReplicaRow[]; operations: OperationRow[] }> {
    const transaction = this.db.transaction([REPLICA, OUTBOX], "readonly");
    const [replica, operations] = await Promise.all([
      done(transaction.objectStore(REPLICA).index("page").getAll(page) as IDBRequest<ReplicaRow[]>),
      done(transaction.objectStore(OUTBOX).index("page").getAll(page) as IDBRequest<OperationRow[]>),
    ]);
    operations.sort((a, b) => a.operation.at - b.operation.at);
    return { replica, operations };
  }

  /** Adds to the stored replica; `whole` replaces what is there. */
  async keep(row: ReplicaRow, whole: boolean): Promise<void> {
    const transaction = this.db.transaction(REPLICA, "readwrite");
    const store = transaction.objectStore(REPLICA);
    if (whole) for (const key of await done(store.index("page").getAllKeys(row.page))) store.delete(key);
    store.add(row);
    await finished(transaction);
  }

  /** Deletes what is stored of a page's other epochs. */
  async forget(page: string, epoch: number): Promise<void> {
    const transaction = this.db.transaction(REPLICA, "readwrite");
    const rows = transaction.objectStore(REPLICA).index("page").openCursor(page);
    rows.onsuccess = () => {
      const cursor = rows.result;
      if (!cursor) return;
      if ((cursor.value as ReplicaRow).epoch !== epoch) cursor.delete();
      cursor.continue();
    };
    await finished(transaction);
  }

  async put(row: OperationRow): Promise<void> {
    const transaction = this.db.transaction(OUTBOX, "readwrite");
    transaction.objectStore(OUTBOX).put(row);
    await finished(transaction);
  }

  async remove(broadcastId: string): Promise<void> {
    const transaction = this.db.transaction(OUTBOX, "readwrite");
    transaction.objectStore(OUTBOX).delete(broadcastId);
    await finished(transaction);
  }

  /** Takes over the operations of a tab that is gone; of two tabs that try only one gets them. */
  async claim(page: string, from: string, by: string): Promise<Operation[]> {
    const transaction = this.db.transaction(OUTBOX, "readwrite");
    const store = transaction.objectStore(OUTBOX);
    const rows = await done(store.index("page").getAll(page) as IDBRequest<OperationRow[]>);
    const claimed = rows.filter((row) => row.tab === from);
    for (const row of claimed) store.put({ ...row, tab: by });
    await finished(transaction);
    return claimed.map((row) => row.operation).sort((a, b) => a.at - b.at);
  }

  close(): void {
    this.db.close();
  }
}
