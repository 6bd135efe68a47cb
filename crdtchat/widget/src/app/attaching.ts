/** Attaching a discussion to words by hand, for everybody: those that were suggested, or others. */
import { unselect } from "../dom/focused";
import { PHONE_WIDTH } from "../dom/placement";
import { bringIntoView } from "../dom/revealing";
import { Actions } from "../model/actions";
import type { Target } from "../model/schema";
import type { Thread } from "../model/threads";
import type { Stage } from "./stage";

export class Attaching {
  #closed = new AbortController();

  constructor(private readonly widget: Stage) {}

  /** By its author or a moderator. */
  may(thread: Thread): boolean {
    const { widget } = this;
    return !widget.readonly && widget.known && (thread.author === widget.me || widget.canModerate);
  }

  /** The words are selected in the page next: what lies over it goes out of the way. */
  start(aid: string): void {
    const { widget } = this;
    const { panel } = widget.view.value;
    this.#closed.abort();
    this.#closed = new AbortController();
    widget.close();
    widget.stopComposing();
    unselect();
    widget.view.set({ attaching: { aid, panel }, panel: panel && widget.docked, selected: null, peek: null });
    widget.say(`${widget.speech.text("attachTitle")}. ${widget.speech.text("attachKeys")}`);
    const near = widget.canvas.marks.near(aid);
    if (near) bringIntoView(near);
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.cancel();
    };
    addEventListener("keydown", cancel, { signal: this.#closed.signal, capture: true });
  }

  cancel(): void {
    const { attaching } = this.widget.view.value;
    if (!attaching) return;
    this.leave();
    this.widget.view.set({ panel: attaching.panel });
    this.widget.open(attaching.aid);
  }

  /** The selected words. */
  choose(): void {
    const { widget } = this;
    const { attaching, selected } = widget.view.value;
    const chosen = widget.canvas.selection.read() ?? selected;
    const thread = attaching && widget.threads.get(attaching.aid);
    if (!thread || !chosen) return;
    unselect();
    this.leave();
    this.#attach(thread, widget.target(chosen));
  }

  /** The words that were suggested. */
  confirm(thread: Thread): void {
    const place = this.widget.place(thread.aid)?.place;
    if (place?.state === "unsure") this.#attach(thread, this.widget.target(place));
  }

  /** Where the suggested words stand; on a phone the discussion goes out of the way. */
  show(aid: string): void {
    const { canvas } = this.widget;
    if (innerWidth < PHONE_WIDTH) {
      this.widget.togglePanel(false);
      canvas.suggest(aid);
    }
    const range = canvas.marks.suggestion(aid);
    if (range) bringIntoView(range);
  }

  /** The suggestion is wrong: this browser makes it no more. */
  decline(aid: string): void {
    const { widget } = this;
    widget.declined.add(suggestionKey(aid, widget.canvas.marks.words(aid)));
    widget.canvas.marks.decline(aid);
    widget.open(aid);
  }

  /** Ends the choosing; nothing is attached. */
  leave(): void {
    this.#closed.abort();
    if (this.widget.view.value.attaching) this.widget.view.set({ attaching: null, selected: null });
  }

  #attach(thread: Thread, target: Target): void {
    const { widget } = this;
    if (!this.may(thread)) return;
    const actions = new Actions(widget.me, () => widget.session.now());
    widget.submit(actions.reattach(thread, target));
    widget.canvas.marks.settle(thread.aid);
    widget.open(thread.aid, true);
    widget.say(widget.speech.text("announceAttached"));
  }
}

/** Under which a declined suggestion is remembered. */
export const suggestionKey = (aid: string, words: string): string => `${aid} ${words.slice(0, 80)}`;
