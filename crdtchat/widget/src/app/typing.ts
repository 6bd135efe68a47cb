/** In which discussion this window is typing, as far as others are told: until a pause. */
const PAUSE_MS = 5_000;

export class Typing {
  #aid: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (aid: string | null) => void) {}

  in(aid: string | null): void {
    clearTimeout(this.#timer);
    if (aid !== null) this.#timer = setTimeout(() => this.in(null), PAUSE_MS);
    if (aid === this.#aid) return;
    this.#aid = aid;
    this.tell(aid);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
