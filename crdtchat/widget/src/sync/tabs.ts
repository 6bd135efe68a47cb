/**
 * The other tabs of this browser on the same page. They hear of an operation before the server does, and
 * when a tab dies with unsent operations another one sends them: a lock says who is alive.
 */
import type { Operation } from "../model/intents";

export type TabMessage =
  | { type: "operation"; operation: Operation; tab: string }
  | { type: "rejected"; broadcastId: string }
  | { type: "hello"; tab: string };

export class Tabs {
  readonly id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  readonly canLock = "locks" in navigator && navigator.locks !== undefined;
  #channel: BroadcastChannel | null = null;
  #closed = new AbortController();
  #leads = false;

  constructor(
    private readonly page: string,
    receive: (message: TabMessage) => void,
  ) {
    if ("BroadcastChannel" in globalThis) {
      this.#channel = new BroadcastChannel(`crdtchat:${page}`);
      this.#channel.onmessage = (event) => receive(event.data as TabMessage);
    }
    this.#hold(`tab:${this.id}`, () => {});
  }

  /** True for one tab at a time, which keeps the stored replica. */
  get leads(): boolean {
    return this.#leads;
  }

  lead(taken: () => void): void {
    this.#hold(`leader:${this.page}`, () => {
      this.#leads = true;
      taken();
    });
  }

  /** Calls back once the tab is gone; at once if it is gone already. */
  whenGone(tab: string, then: () => void): void {
    if (!this.canLock) return;
    navigator.locks
      .request(`crdtchat:tab:${tab}`, { signal: this.#closed.signal }, () => then())
      .catch(() => {});
  }

  /** Acts while no other tab does the same; otherwise leaves it to that one. */
  async alone(what: string, act: () => Promise<void>): Promise<void> {
    if (!this.canLock) return act();
    let answered = false;
    const acted = navigator.locks.request(`crdtchat:${what}:${this.page}`, { ifAvailable: true }, (lock) => {
      answered = true;
      return lock ? act() : undefined;
    });
    await acted.catch((error) => {
      if (answered) throw error;
      return act(); // Where a page may keep nothing it may not ask either, and shares nothing with other tabs.
    });
  }

  tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
    this.#channel = null;
    this.#closed.abort();
    this.#release();
  }

  #release: () => void = () => {};

  #hold(name: string, held: () => void): void {
    if (!this.canLock) return;
    const before = this.#release;
    const until = new Promise<void>((resolve) => {
      this.#release = () => {
        before();
        resolve();
      };
    });
    navigator.locks
      .request(`crdtchat:${name}`, { signal: this.#closed.signal }, () => {
        held();
        return until;
      })
      .catch(() => {});
  }
}
