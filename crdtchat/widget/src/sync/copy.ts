/**
 * The copy of a page's replica on disk, which one tab of a browser writes. Only what the server has confirmed is in
 * it: nothing is written while an operation is in the replica unanswered.
 */
import type { Replica } from "../model/replica";
import type { Database, ReplicaRow } from "./database";
import type { Provider } from "./provider";
import type { Tabs } from "./tabs";

const SAVE_AFTER_MS = 800;
const EMPTY = Uint8Array.of(0, 0);

export class Copy {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is on disk is not known to be what this replica had: all of it is written. */
  #whole = true;
  #wanted = false;
  #writing = false;
  #barred = false;

  constructor(
    private readonly database: Database,
    private readonly page: string,
    private readonly replica: Replica,
    private readonly provider: Provider,
    private readonly tabs: Tabs,
  ) {}

  /**
   * Takes it into the replica, unless the server was faster. Rejects if it cannot be read, or not all of it: what
   * could be is shown until the server has sent everything.
   */
  async restore(): Promise<void> {
    const rows = await this.database.replica(this.page);
    if (this.provider.epoch > 0 || this.#barred) return;
    const epoch = Math.max(0, ...rows.map((row) => row.epoch));
    let sequence = 0;
    for (const row of rows.filter((row) => row.epoch === epoch)) {
      this.replica.apply(row.update);
      sequence = row.sequence;
    }
    this.replica.takeUpdates();
    if (!rows.every(isWhole) || !this.replica.whole) throw new RangeError("the copy is damaged");
    this.provider.resume(epoch, sequence);
  }

  /** From now on it is this tab's, or nothing of it is there any more. */
  renew(): void {
    this.#whole = true;
    this.save();
  }

  /** The server has sent something, or everything anew. */
  soon(whole = false): void {
    if (whole) this.#whole = true;
    this.#wanted = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  save(): void {
    const { provider, replica, tabs } = this;
    if (!this.#wanted || provider.epoch === 0 || provider.stale) return;
    if (tabs.canLock && !tabs.leads) {
      replica.takeUpdates();
      return;
    }
    // One after the other: the next knows whether this one is there to be added to.
    if (this.#writing || provider.outbox.sent.length > 0) return;
    const whole = this.#whole || !tabs.canLock;
    const fresh = replica.takeUpdates();
    const update = whole ? replica.state : fresh;
    if (!update) return;
    this.#whole = false;
    this.#wanted = false;
    const { epoch, sequence } = provider;
    this.#write({ page: this.page, epoch, sequence, update }, whole);
  }

  /** The page has another epoch, because something was erased. */
  forget(epoch: number): void {
    this.database.forget(this.page, epoch).catch(() => {});
  }

  /** Whoever is here may not read: nothing is shown or kept of what somebody else left. They may yet be let in. */
  bar(): void {
    this.#barred = true;
    this.#whole = true;
    this.forget(-1);
    this.replica.reset();
    this.replica.apply(EMPTY);
    this.provider.resume(0, 0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.save();
  }

  #write(row: ReplicaRow, whole: boolean): void {
    this.#writing = true;
    const failed = () => {
      this.#whole = true;
    };
    void this.database
      .keep(row, whole)
      .catch(failed)
      .then(() => {
        this.#writing = false;
        if (this.#wanted) this.soon();
      });
  }
}

const isWhole = ({ epoch, sequence, update }: ReplicaRow): boolean =>
  Number.isInteger(epoch) && Number.isInteger(sequence) && update instanceof Uint8Array;
