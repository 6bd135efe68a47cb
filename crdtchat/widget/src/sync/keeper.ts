/**
 * This tab's unsent operations on disk. What the browser does not keep now, because there is no room or no database,
 * it is asked to keep again and again as long as that is of use.
 */
import type { Operation } from "../model/intents";
import type { Database } from "./database";

const AGAIN_MS = 5_000;

export class Keeper {
  /** What is to be on disk, and of what it is known that it is. */
  readonly #wanted = new Map<string, Operation>();
  readonly #kept = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #busy = new Set<string>();
  #again: ReturnType<typeof setTimeout> | undefined;
  /** How often the disk lost everything. */
  #losses = 0;
  #unkept = 0;

  constructor(
    private readonly database: Database,
    private readonly page: string,
    private readonly tab: string,
    private readonly changed: () => void,
  ) {}

  /** How many operations would go with the page. */
  get unkept(): number {
    return this.#unkept;
  }

  keep(operation: Operation): void {
    this.#wanted.set(operation.broadcastId, operation);
    for (const id of [operation.broadcastId, ...this.#failed]) void this.#settle(id);
  }

  /** It is on disk already, as this tab's. */
  took(operation: Operation): void {
    this.#wanted.set(operation.broadcastId, operation);
    this.#kept.add(operation.broadcastId);
  }

  /** It was answered. */
  drop(broadcastId: string): void {
    this.#wanted.delete(broadcastId);
    void this.#settle(broadcastId);
    this.#count();
  }

  lost(): void {
    this.#losses++;
    this.#kept.clear();
    for (const id of this.#wanted.keys()) void this.#settle(id);
  }

  close(): void {
    clearTimeout(this.#again);
  }

  #differs(id: string): boolean {
    return this.#wanted.has(id) !== this.#kept.has(id);
  }

  /** Brings the disk to what is wanted of one operation, whatever comes meanwhile. */
  async #settle(broadcastId: string): Promise<void> {
    if (this.#busy.has(broadcastId)) return;
    this.#busy.add(broadcastId);
    const { page, tab } = this;
    try {
      while (this.#differs(broadcastId)) {
        const operation = this.#wanted.get(broadcastId);
        const losses = this.#losses;
        if (operation) await this.database.put({ page, broadcastId, tab, operation });
        else await this.database.remove(broadcastId);
        if (!operation) this.#kept.delete(broadcastId);
        else if (losses === this.#losses) this.#kept.add(broadcastId);
      }
      this.#failed.delete(broadcastId);
    } catch {
      // Whatever the browser's reason was: the words are here as long as the page, and that is told.
      if (this.#differs(broadcastId)) this.#failed.add(broadcastId);
      else this.#failed.delete(broadcastId);
    }
    this.#busy.delete(broadcastId);
    this.#count();
    if (this.#failed.size > 0) this.#again ??= setTimeout(() => this.#tryAgain(), AGAIN_MS);
  }

  #tryAgain(): void {
    this.#again = undefined;
    for (const id of this.#failed) void this.#settle(id);
  }

  #count(): void {
    const unkept = [...this.#failed].filter((id) => this.#wanted.has(id)).length;
    if (unkept === this.#unkept) return;
    this.#unkept = unkept;
    this.changed();
  }
}
