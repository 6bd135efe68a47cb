/** The first look at a discussion while the pointer rests on its words. */
import type { Mark } from "../dom/marks";
import type { Canvas } from "./canvas";

export interface Peek {
  aid: string;
  x: number;
  y: number;
}

const REST_MS = 180;

export class Peeking {
  #aid: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (peek: Peek | null) => void) {}

  /** `active` is open already: nothing more is to be seen of it. */
  over(canvas: Canvas, mark: Mark | undefined, active: string | null, at: { x: number; y: number }): void {
    if (mark?.aid === this.#aid) return;
    this.#aid = mark?.aid;
    canvas.hover(mark?.aid ?? null);
    this.stop();
    if (!mark || mark.aid === active) return;
    this.#timer = setTimeout(() => this.show({ aid: mark.aid, ...at }), REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.show(null);
  }
}
