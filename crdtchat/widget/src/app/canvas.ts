/** The page's side of a widget: its text, what is marked in it, what is selected and pointed at. */
import { describe } from "../dom/anchoring";
import { selectedFor } from "../dom/composed";
import { around, type Mark, Marks, type MarksEvents } from "../dom/marks";
import { createPainter, type Painter } from "../dom/paint";
import { markAt } from "../dom/pointer";
import { bringIntoView } from "../dom/revealing";
import { type Selected, SelectionWatch } from "../dom/selection";
import { watchTheme } from "../dom/theme";
import type { Target } from "../model/schema";
import type { Thread } from "../model/threads";
import type { Host } from "./host";
import { PageText } from "./page-text";

/** Where the pointer is. */
export interface Pointer {
  x: number;
  y: number;
  pressed: boolean;
  /** On the first look at a discussion. */
  held: boolean;
}

export interface CanvasEvents extends Omit<MarksEvents, "changed" | "home" | "suits" | "whole"> {
  placed(aids: ReadonlySet<string>): void;
  selected(selected: Selected | null): void;
  hovered(mark: Mark | undefined, at: Pointer): void;
  clicked(mark: Mark | undefined): void;
  dark(dark: boolean): void;
}

const DRAG_PX = 5;
const CONTROLS = "a[href], button, input, select, textarea, label, summary";

export class Canvas {
  readonly marks: Marks;
  readonly selection: SelectionWatch;
  readonly text = new PageText(() => this.marks.map.text);
  readonly #painter: Painter;
  readonly #closed = new AbortController();
  readonly #unwatchTheme: () => void;
  #frame = 0;
  /** Out of sight. */
  paused = false;
  /** The targets that name a part of the page, by annotation. */
  readonly #parts = new Map<string, Target>();
  #painted = new Set<string>();
  #resolved = new Set<string>();

  constructor(
    readonly root: Element,
    layer: HTMLElement,
    private readonly events: CanvasEvents,
    dark: boolean | undefined,
    private readonly host?: Host,
  ) {
    this.#painter = createPainter(layer);
    const changed = (aids: ReadonlySet<string>) => {
      this.#paintSoon();
      events.placed(aids);
    };
    this.marks = new Marks(
      root,
      {
        ...events,
        changed,
        home: (aid) => this.#home(aid),
        suits: (aid, range) => this.#suits(aid, range),
        whole: (aid) => this.#whole(this.#parts.get(aid)),
      },
      host?.reading,
    );
    this.selection = new SelectionWatch(
      root,
      () => this.marks.map,
      (selected) => {
        void this.text.name();
        events.selected(selected);
      },
    );
    this.#unwatchTheme = this.#theme(dark);
    this.#listen();
  }

  /** Which threads are drawn, and which of them quietly. */
  show(open: Set<string>, resolved: Set<string>): void {
    this.#painted = open;
    this.#resolved = resolved;
    this.#paintSoon();
  }

  want(thread: Thread): void {
    if (this.host?.textless) return;
    if (thread.target.exact === "" && !isWhole(thread.target)) return;
    if (thread.target.part) this.#parts.set(thread.aid, thread.target);
    else this.#parts.delete(thread.aid);
    this.marks.want(thread.aid, this.#inText(thread.target));
  }

  activate(aid: string | null): void {
    this.#painter.set("active", this.#words(aid));
  }

  hover(aid: string | null): void {
    this.#painter.set("hover", this.#words(aid));
  }

  draft(range: Range | null): void {
    this.#painter.set("draft", range ? [range] : []);
  }

  suggest(aid: string | null): void {
    const range = aid ? this.marks.suggestion(aid) : undefined;
    this.#painter.set("suggested", range ? [range] : []);
  }

  target({ startCp, endCp }: { startCp: number; endCp: number }): Target {
    const { map } = this.marks;
    const quote = describe(map.text, startCp, endCp);
    const target = { ...quote, kind: "text", part: "", version: this.text.version };
    const range = this.host?.describe && map.range(startCp, endCp);
    const told = (range && this.host?.describe?.(target, range)) ?? target;
    // Offsets in a part say nothing about the text of the whole.
    const version = told.part === "" ? told.version : "";
    return moved({ ...told, version }, -this.#partStart(told));
  }

  rangeOf(aid: string): Range | undefined {
    return this.marks.get(aid)?.range ?? this.marks.suggestion(aid);
  }

  /** Brings words into view, which are looked for at once if they were not yet. */
  reveal(aid: string): void {
    this.marks.settle(aid);
    const range = this.rangeOf(aid);
    const place = this.marks.get(aid)?.place;
    if (range) bringIntoView(range);
    else if (place) {
      // The host does not draw them now.
      const { part, u16 } = this.marks.map.within(place.startCp);
      this.host?.bring?.(part, u16);
    }
  }

  /** The same for a part of which nothing is said yet. */
  bringPart(target: Target): void {
    this.host?.bring?.(this.host.element?.(target), 0);
  }

  /** Out of sight nothing is drawn, and no selection is for this element. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.#paintSoon();
  }

  close(): void {
    this.#closed.abort();
    cancelAnimationFrame(this.#frame);
    this.#unwatchTheme();
    this.selection.close();
    this.marks.close();
    this.#painter.destroy();
  }

  #theme(dark: boolean | undefined): () => void {
    const told = (now: boolean) => {
      this.#painter.theme(now);
      this.events.dark(now);
    };
    if (dark === undefined) return watchTheme(this.root, told);
    told(dark);
    return () => {};
  }

  /** Where a target is that is no annotation yet. */
  locate(target: Target): Range | undefined {
    const whole = this.#whole(target);
    return whole ? around(whole) : this.marks.locate(this.#inText(target));
  }

  isAt(target: Target, range: Range | null): boolean {
    const at = range && this.locate(target);
    return range && at ? areSame(at, range) : false;
  }

  /** Where words are now that were at a range: there, unless the page has drawn them anew. */
  again(target: Target, before: Range | null): Range | null {
    if (isWhole(target) || (before && !isTorn(before))) return before;
    const now = this.locate(target) ?? null;
    return before && now && areSame(before, now) ? before : now;
  }

  /** The part that a target is about as a whole. */
  #whole(target: Target | undefined): Element | undefined {
    return target && isWhole(target) ? this.host?.element?.(target) : undefined;
  }

  /** What is painted of a discussion: a part that it is about as a whole is not painted over. */
  #words(aid: string | null): Range[] {
    const mark = aid ? this.marks.get(aid) : undefined;
    return mark?.range && !mark.place.whole ? [mark.range] : [];
  }

  /** Where the words of an annotation are if its part still has them at their place. */
  #home(aid: string): { part: Element; startCp: number } | undefined {
    const target = this.#parts.get(aid);
    const part = target && this.host?.element?.(target);
    return part ? { part, startCp: target.startCp } : undefined;
  }

  #suits(aid: string, range: Range): boolean {
    const target = this.#parts.get(aid);
    return !target || (this.host?.suits?.(target, range) ?? true);
  }

  #inText(target: Target): Target {
    return moved(target, this.#partStart(target));
  }

  /** Offsets of a target count from the start of its part. */
  #partStart(target: Target): number {
    const element = target.part ? this.host?.element?.(target) : undefined;
    return element ? this.marks.map.offset(element, 0) : 0;
  }

  #paintSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const open: Range[] = [];
      const resolved: Range[] = [];
      for (const { aid, range, place } of this.marks.placed) {
        if (!range || place.whole || this.paused) continue;
        if (this.#painted.has(aid)) open.push(range);
        else if (this.#resolved.has(aid)) resolved.push(range);
      }
      this.#painter.set("open", open);
      this.#painter.set("resolved", resolved);
    });
  }

  #listen(): void {
    const { signal } = this.#closed;
    const refresh = () => this.#painter.refresh();
    addEventListener("scroll", refresh, { signal, capture: true, passive: true });
    addEventListener("resize", refresh, { signal, passive: true });
    let down: { x: number; y: number } | null = null;
    addEventListener("pointerdown", ({ x, y }) => (down = { x, y }), {
      signal,
      capture: true,
      passive: true,
    });
    document.addEventListener(
      "click",
      (event) => {
        const moved = down && Math.hypot(event.x - down.x, event.y - down.y) > DRAG_PX;
        if (moved || event.button !== 0) return;
        // The target itself would be the host of the shadow tree that it is in.
        const path = event.composedPath();
        if (path.some(isLive) || selectedFor(this.root)?.collapsed === false) return;
        const inside = path.includes(this.root);
        this.events.clicked(inside ? markAt(this.marks, event.x, event.y) : undefined);
      },
      { signal },
    );
    let frame = 0;
    let pointer: Pointer;
    let over = false;
    addEventListener(
      "pointermove",
      (event) => {
        if (event.pointerType !== "mouse") return;
        const path = event.composedPath();
        const ours = path.some(isOurs);
        // Of several moves in a frame the last one counts.
        pointer = {
          x: event.clientX,
          y: event.clientY,
          pressed: event.buttons !== 0,
          held: ours && path.some(isPeek),
        };
        // Our own layer may be within the element.
        over = path.includes(this.root) && !ours;
        if (frame) return;
        frame = requestAnimationFrame(() => {
          frame = 0;
          const mark = over && !pointer.pressed ? markAt(this.marks, pointer.x, pointer.y) : undefined;
          this.events.hovered(mark && this.#painted.has(mark.aid) ? mark : undefined, pointer);
        });
      },
      { signal, passive: true },
    );
  }
}

/** Whether words were drawn anew, into other nodes: what is left of their range is not around them. */
const isTorn = ({ startContainer, endContainer, collapsed }: Range): boolean =>
  collapsed || [startContainer, endContainer].some(({ nodeType, TEXT_NODE }) => nodeType !== TEXT_NODE);

function areSame(a: Range, b: Range): boolean {
  const same = (how: number) => a.compareBoundaryPoints(how, b) === 0;
  return same(a.START_TO_START) && same(a.END_TO_END);
}

/** Whether a target is a cell or an output as a whole, and not words in it. */
export const isWhole = ({ kind }: Target): boolean => kind === "cell";

const isOurs = (at: EventTarget): boolean => at instanceof Element && at.localName.startsWith("crdtchat-");

const isPeek = (at: EventTarget): boolean => at instanceof Element && at.className === "peek";

/** What a click is for already: the page's controls, and all of ours. */
const isLive = (at: EventTarget): boolean => isOurs(at) || (at instanceof Element && at.matches(CONTROLS));

function moved(target: Target, by: number): Target {
  return { ...target, startCp: target.startCp + by, endCp: target.endCp + by };
}
