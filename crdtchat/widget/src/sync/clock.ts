/**
 * The time that records are dated by. A server refuses what is dated ahead of its own clock, so a machine
 * whose clock is ahead goes by the server's; what it learned is kept for writing before the next welcome.
 */
export class Clock {
  readonly #key: string;
  /** How far the server's clock is behind this machine's, in milliseconds. */
  #ahead: number;

  constructor(
    server: string,
    private readonly storage: Storage | null,
  ) {
    this.#key = `crdtchat:clock:${server}`;
    this.#ahead = Number(storage?.getItem(this.#key) ?? 0) || 0;
  }

  now(): number {
    return Date.now() - this.#ahead;
  }

  learn(server: number): void {
    const ahead = Math.max(0, Date.now() - server);
    // A little is the way of the message; following it would only make the times uneven.
    this.#ahead = ahead < TOLERATED_MS ? 0 : ahead;
    try {
      if (this.#ahead === 0) this.storage?.removeItem(this.#key);
      else this.storage?.setItem(this.#key, String(this.#ahead));
    } catch {
      // A full or forbidden storage: it is learned anew at the next welcome.
    }
  }
}

const TOLERATED_MS = 10_000;
