/** Operations of this tab that the server has not answered yet, oldest first. */
import type { Operation } from "../model/intents";

export interface Sent {
  update: Uint8Array;
  /** First clock of the update under the leased id. */
  clock: number;
  /** The clock behind it. */
  end: number;
}

export interface Entry {
  operation: Operation;
  /** Set while the operation is in the replica and on its way. */
  sent: Sent | null;
  /** The server asked for patience until then. */
  notBefore: number;
  /** The server refused it as dated ahead of its clock: it is sent once more. */
  misdated: boolean;
}

export class Outbox {
  #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get sent(): Entry[] {
    return this.#entries.filter((entry) => entry.sent !== null);
  }

  get waiting(): Entry[] {
    return this.#entries.filter((entry) => entry.sent === null);
  }

  /** How many are here, and how many of them are of others than this user: none while nobody is known to be here. */
  count(user: string | undefined): { unsent: number; others: number } {
    const others = this.waiting.filter(({ operation }) => user !== undefined && operation.user !== user);
    return { unsent: this.size, others: others.length };
  }

  add(operation: Operation): void {
    if (!this.find(operation.broadcastId))
      this.#entries.push({ operation, sent: null, notBefore: 0, misdated: false });
  }

  find(broadcastId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.operation.broadcastId === broadcastId);
  }

  remove(broadcastId: string): Entry | undefined {
    const index = this.#entries.findIndex((entry) => entry.operation.broadcastId === broadcastId);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0];
  }
}
