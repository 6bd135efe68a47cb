/** The documents that are open, each with its discussion; one of them is in front. */
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import type { ServerConnection } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { idle } from "../../../crdtchat/widget/src/dom/idle";
import { Discussion, type DiscussionOptions, type Surface } from "./discussion";
import type { DiscussionPanel } from "./panel";

/** How long a document that keeps the browser busy while it opens keeps its discussion waiting. */
const DRAWN_MS = 2_000;

export interface DeskOptions extends Omit<DiscussionOptions, "showPanel"> {
  /** What is in front in the main area. */
  front(): Widget | null;
  showPanel(open: boolean): void;
}

export class Desk {
  /** Another document came to the front, or what is known of it changed. */
  readonly changed = new Signal<this, void>(this);
  readonly #discussions = new Map<Widget, Discussion>();
  /** The documents that are to be discussed, each with what says that it was taken anew. */
  readonly #taken = new Map<Widget, object>();
  #front: Widget | null = null;

  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly panel: DiscussionPanel,
    private readonly options: DeskOptions,
  ) {}

  get current(): Discussion | null {
    return (this.#front && this.#discussions.get(this.#front)) ?? null;
  }

  /** A document is discussed from now on: its discussion begins as soon as its text is there. */
  take(document: IDocumentWidget, surface: () => Surface): void {
    if (document.isDisposed || this.#taken.has(document)) return;
    const taken = {};
    this.#taken.set(document, taken);
    document.disposed.connect(() => this.leave(document), taken);
    this.#open(document, surface, taken).catch(reportError);
  }

  /** A document is not discussed any more. */
  leave(document: IDocumentWidget): void {
    const taken = this.#taken.get(document);
    if (!taken) return;
    this.#taken.delete(document);
    Signal.disconnectReceiver(taken);
    this.#discussions.get(document)?.close();
    this.#discussions.delete(document);
    if (this.#front === document) this.#present(null);
  }

  /** Another widget came to the front. */
  look(): void {
    const widget = this.options.front();
    // What is no document, such as the panel itself, leaves the document in front where it is.
    if (!widget || !this.#discussions.has(widget)) {
      if (this.#front?.isDisposed) this.#present(null);
      // Its words may be behind what came.
      else this.current?.show(this.#front?.isVisible === true);
      return;
    }
    this.#present(widget);
  }

  async #open(document: IDocumentWidget, surface: () => Surface, taken: object): Promise<void> {
    await Promise.all([document.context.ready, document.revealed]);
    // What is discussed is there before what is said about it: its cells are drawn first.
    await idle(DRAWN_MS);
    if (this.#taken.get(document) !== taken) return;
    const discussion = new Discussion(document, surface(), this.settings, {
      ...this.options,
      showPanel: (asking, open) => asking === this.current && this.options.showPanel(open),
    });
    this.#discussions.set(document, discussion);
    const begin = () => this.#begin(discussion);
    // What kept it from beginning may be over: a file that was not there is saved.
    const saved = (_: unknown, state: string) => state === "completed" && begin().catch(reportError);
    document.context.saveState.connect(saved, taken);
    document.context.fileChanged.connect(() => begin().catch(reportError), taken);
    await begin();
  }

  async #begin(discussion: Discussion): Promise<void> {
    if (discussion.begun) return;
    const { document, trouble } = discussion;
    await discussion.begin();
    if (this.#discussions.get(document) !== discussion) return;
    discussion.later(() => this.#begin(discussion).catch(reportError));
    // Nothing to draw anew: somebody may be about to press the button.
    if (!discussion.begun && discussion.trouble === trouble) return;
    discussion.docked?.widget.view.watch(() => this.changed.emit());
    if (this.#isFront(document)) this.#present(document);
    else discussion.show(false);
  }

  /** Of several that are side by side the one that people are in, whichever begins last. */
  #isFront(document: Widget): boolean {
    const front = this.options.front();
    if (front && this.#taken.has(front)) return document === front;
    return this.#front === document || (this.#front === null && document.isVisible);
  }

  /** Tries again to begin the discussion in front. */
  retry(): void {
    if (this.current) this.#begin(this.current).catch(reportError);
  }

  #present(widget: Widget | null): void {
    this.#front = widget;
    for (const [document, discussion] of this.#discussions) discussion.show(document === widget);
    this.panel.present(this.current);
    this.changed.emit();
  }
}
