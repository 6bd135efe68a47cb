/** Endless reconnect with full jitter: a thousand clients of one restarted server come back spread out. */
const BASE_MS = 400;
const LONGEST_MS = 20_000;
const LEAST_MS = 100;

export class Backoff {
  #attempt = 0;

  constructor(private readonly random: () => number) {}

  next(): number {
    const most = Math.min(LONGEST_MS, BASE_MS * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 16);
    return Math.ceil(LEAST_MS + this.random() * most);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
