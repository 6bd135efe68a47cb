/** The visits of a widget, one after the other: of each page of an application, and none while its element is away. */
import { pageIdOf } from "./page-id";
import type { Stage } from "./stage";
import { Visit } from "./visit";

export class Visits {
  now: Visit;
  #resting = false;

  constructor(private readonly widget: Stage) {
    this.now = new Visit(widget, this.#page);
  }

  get #page(): string {
    return this.widget.options.urlId ?? pageIdOf(location.href);
  }

  /** The address may be another page's now. */
  follow(): void {
    const { widget } = this;
    if (this.#resting || this.#page === this.now.page) return;
    widget.attaching.cancel();
    widget.writing.leave();
    this.now.close();
    for (const thread of widget.threads.all()) widget.canvas.marks.forget(thread.aid);
    widget.people.forget();
    widget.close();
    widget.stopComposing();
    this.#begin(this.#page);
    widget.changed();
  }

  /** Leaves the page, until it is woken. False if somebody's words would be lost with it, or wait. */
  rest(): boolean {
    const { session, drafts } = this.now;
    const { unsent, others } = session.status;
    if (unsent > others || this.widget.writing.waiting > 0 || drafts.unkept) return false;
    this.now.close();
    this.#resting = true;
    return true;
  }

  wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#begin(this.now.page);
    this.follow();
  }

  #begin(page: string): void {
    this.now = new Visit(this.widget, page);
    this.now.start();
  }
}
