/** The first look at a discussion while the pointer rests on its words. */
import type { Mark } from "../dom/marks";
import type { Canvas, Pointer } from "./canvas";
import type { Store } from "./store";
import type { Peek, View } from "./view";

const REST_MS = 180;
/** Long enough to go from the words to it. */
const LINGER_MS = 350;

export class Peeking {
  #aid: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: Store<View>) {}

  /** `active` is open already: nothing more is to be seen of it. */
  over(canvas: Canvas, mark: Mark | undefined, active: string | null, at: Pointer): void {
    const shown = this.view.value.peek?.aid;
    const aid = at.held ? shown : mark?.aid;
    if (aid === this.#aid) return;
    this.#aid = aid;
    canvas.hover(aid ?? null);
    clearTimeout(this.#timer);
    if (aid !== undefined && aid === shown) return;
    const next = aid === undefined || aid === active ? null : { aid, x: at.x, y: at.y };
    // Whoever presses may mark words, where it would be in the way.
    this.#timer = setTimeout(() => this.#tell(next), next ? REST_MS : at.pressed ? 0 : LINGER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#tell(null);
  }

  #tell(peek: Peek | null): void {
    if (peek !== this.view.value.peek) this.view.set({ peek });
  }
}
