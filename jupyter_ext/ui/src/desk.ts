/** The documents that are open, each with its discussion; one of them is in front. */
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import type { ServerConnection } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { Discussion, type DiscussionOptions, type Surface } from "./discussion";
import type { DiscussionPanel } from "./panel";

export interface DeskOptions extends Omit<DiscussionOptions, "showPanel"> {
  showPanel(open: boolean): void;
}

export class Desk {
  /** Another document came to the front, or what is known of it changed. */
  readonly changed = new Signal<this, void>(this);
  readonly #discussions = new Map<Widget, Discussion>();
  #front: Widget | null = null;

  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly panel: DiscussionPanel,
    private readonly options: DeskOptions,
  ) {}

  get current(): Discussion | null {
    return (this.#front && this.#discussions.get(this.#front)) ?? null;
  }

  /** A document was opened: its discussion begins as soon as its text is there. */
  take(document: IDocumentWidget, surface: () => Surface): void {
    this.#open(document, surface).catch(reportError);
  }

  front(widget: Widget | null): void {
    // What is no document, such as the panel itself, leaves the document in front where it is.
    if (!widget || !this.#discussions.has(widget)) {
      if (this.#front?.isDisposed) this.#present(null);
      return;
    }
    this.#present(widget);
  }

  async #open(document: IDocumentWidget, surface: () => Surface): Promise<void> {
    await Promise.all([document.context.ready, document.revealed]);
    if (document.isDisposed) return;
    const discussion = new Discussion(document, surface(), this.settings, {
      ...this.options,
      showPanel: (asking, open) => asking === this.current && this.options.showPanel(open),
    });
    this.#discussions.set(document, discussion);
    document.disposed.connect(() => {
      this.#discussions.delete(document);
      discussion.close();
      if (this.#front === document) this.#present(null);
    });
    const begin = () => this.#begin(discussion);
    // What kept it from beginning may be over: a file that was not there is saved, a server answers again.
    document.context.saveState.connect((_, state) => state === "completed" && begin().catch(reportError));
    document.context.fileChanged.connect(() => begin().catch(reportError));
    await begin();
  }

  async #begin(discussion: Discussion): Promise<void> {
    if (discussion.begun) return;
    const { document } = discussion;
    await discussion.begin();
    if (document.isDisposed) return;
    discussion.docked?.widget.view.watch(() => this.changed.emit());
    if (this.#front === document || document.isVisible) this.#present(document);
    else discussion.show(false);
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
