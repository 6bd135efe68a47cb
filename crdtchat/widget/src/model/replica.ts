/**
 * One Y.Doc per page, and over it the intents that are not in it yet.
 *
 * Numbered invariants, cited by the tests:
 * 1. The document holds what the server sent plus own operations written under the leased id; nothing else.
 * 2. A waiting intent is seen through `get` at once, and stops being seen when it is written or dropped.
 * 3. The document's client id is the lease only inside `write`: structs of the leased id that come back from
 *    the server never make Yjs take another id.
 */
import * as Y from "yjs";
import { holds, type Intent, type Operation, type Records, same } from "./intents";
import { ROOTS, type Root } from "./schema";

export interface Change {
  root: Root;
  key: string;
  /** False for what this replica's own user did in this tab. */
  remote: boolean;
  /** True if the key had no value before. */
  added: boolean;
}

export type Listener = (changes: Change[]) => void;

const WRITING = Symbol("own write");

export class Replica implements Records {
  #doc = new Y.Doc();
  #next: Y.Doc | null = null;
  #waiting: Operation[] = [];
  #overlay = new Map<string, Intent>();
  #listeners = new Set<Listener>();
  #captured: Uint8Array | null = null;
  /** Updates that reached the document since `takeUpdates`, for the copy on disk. */
  #fresh: Uint8Array[] = [];

  constructor() {
    this.#watch();
  }

  get(root: Root, key: string): unknown {
    const waiting = this.#overlay.get(`${root}:${key}`);
    if (waiting) return waiting.value ?? undefined;
    return this.#doc.getMap(root).get(key);
  }

  /** Every key of a root that has a value. */
  keys(root: Root): Set<string> {
    const keys = new Set(this.#doc.getMap(root).keys());
    for (const intent of this.#overlay.values()) {
      if (intent.root !== root) continue;
      if (intent.value === null) keys.delete(intent.key);
      else keys.add(intent.key);
    }
    return keys;
  }

  /** What the document itself holds, waiting intents aside. */
  get written(): Records {
    return { get: (root, key) => this.#doc.getMap(root).get(key) };
  }

  get stateVector(): Uint8Array {
    return Y.encodeStateVector(this.#next ?? this.#doc);
  }

  get state(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#next ?? this.#doc);
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(update: Uint8Array): void {
    if (this.#next) {
      Y.applyUpdate(this.#next, update);
      this.#swap(this.#next);
    } else Y.applyUpdate(this.#doc, update);
  }

  /** Shows an operation before it is in the document. */
  wait(operation: Operation, remote = false): void {
    this.#waiting.push(operation);
    this.#overlayChanged(operation.intents, remote);
  }

  /** An operation that was written has to be written anew: it is older than all that wait. */
  rewind(operation: Operation): void {
    this.#waiting.unshift(operation);
    this.#overlayChanged(operation.intents, false);
  }

  get waiting(): readonly Operation[] {
    return this.#waiting;
  }

  /** The operation is in the document by other ways, or will never be. */
  drop(broadcastId: string): void {
    const dropped = this.#waiting.filter((operation) => operation.broadcastId === broadcastId);
    if (dropped.length === 0) return;
    this.#waiting = this.#waiting.filter((operation) => operation.broadcastId !== broadcastId);
    this.#overlayChanged(
      dropped.flatMap((operation) => operation.intents),
      false,
    );
  }

  /**
   * Writes an operation into the document under the leased id, at its next clock. Returns the update to send,
   * or null if the document holds it all already.
   */
  write(operation: Operation, client: number): Uint8Array | null {
    const intents = operation.intents.filter((intent) => !holds(this.written, intent, operation.redated));
    this.#captured = null;
    if (intents.length > 0) {
      const spare = this.#doc.clientID;
      this.#doc.clientID = client;
      this.#doc.transact(() => {
        for (const { root, key, value } of intents) {
          if (value === null) this.#doc.getMap(root).delete(key);
          else this.#doc.getMap(root).set(key, value);
        }
      }, WRITING);
      this.#doc.clientID = spare;
    }
    this.drop(operation.broadcastId);
    return this.#captured;
  }

  /** False if updates are missing that others, which are here, came after. */
  get whole(): boolean {
    const { pendingStructs, pendingDs } = this.#doc.store;
    return pendingStructs === null && pendingDs === null;
  }

  clock(client: number): number {
    return Y.getState(this.#doc.store, client);
  }

  /**
   * Starts again from nothing: the server's state comes next. Until it comes, the old document stays on
   * screen, so that a refused operation or an erasure elsewhere does not blank what somebody reads.
   */
  reset(): void {
    this.#next?.destroy();
    this.#next = new Y.Doc();
    this.#fresh = [];
  }

  #swap(next: Y.Doc): void {
    const old = this.#doc;
    this.#doc = next;
    this.#next = null;
    this.#watch();
    this.#fresh = [Y.encodeStateAsUpdate(next)];
    const changes: Change[] = [];
    for (const root of ROOTS) {
      const before = old.getMap(root);
      const after = next.getMap(root);
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        const [was, is] = [before.get(key), after.get(key)];
        if (same(was, is)) continue;
        const added = was === undefined && !this.#overlay.has(`${root}:${key}`);
        changes.push({ root, key, remote: true, added });
      }
    }
    old.destroy();
    this.#tell(changes);
  }

  takeUpdates(): Uint8Array | null {
    const fresh = this.#fresh;
    this.#fresh = [];
    if (fresh.length === 0) return null;
    return fresh.length === 1 ? (fresh[0] as Uint8Array) : Y.mergeUpdates(fresh);
  }

  destroy(): void {
    this.#listeners.clear();
    this.#next?.destroy();
    this.#doc.destroy();
  }

  #watch(): void {
    const doc = this.#doc;
    for (const root of ROOTS)
      doc.getMap(root).observe((event, transaction) => {
        const changes: Change[] = [];
        event.changes.keys.forEach(({ action }, key) => {
          // What another tab showed before the server sent it is not new a second time.
          const added = action === "add" && !this.#overlay.has(`${root}:${key}`);
          changes.push({ root, key, remote: transaction.origin !== WRITING, added });
        });
        this.#tell(changes);
      });
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      this.#fresh.push(update);
      if (origin === WRITING) this.#captured = update;
    });
  }

  #overlayChanged(touched: Intent[], remote: boolean): void {
    const changes = touched.map(({ root, key }) => ({
      root,
      key,
      remote,
      added: remote && this.get(root, key) === undefined,
    }));
    this.#overlay.clear();
    for (const operation of this.#waiting)
      for (const intent of operation.intents) this.#overlay.set(`${intent.root}:${intent.key}`, intent);
    this.#tell(changes);
  }

  #tell(changes: Change[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes);
  }
}
