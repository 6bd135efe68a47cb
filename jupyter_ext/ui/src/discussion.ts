/** The discussion of one open notebook or file. */
import { Dialog, showDialog } from "@jupyterlab/apputils";
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import type { ServerConnection } from "@jupyterlab/services";
import { type Docked, dock, type Host } from "../../../crdtchat/widget/src/entry/lab";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import { findPlace, type Place } from "./server";

/** How a kind of document is read. */
export interface Surface {
  /** The element whose text is discussed. */
  root: Element;
  host: Omit<Host, "showPanel">;
  /** The cell or output as a whole that holds a node, or that is active; undefined if there is none. */
  whole?(node: Element | null, what: "cell" | "output"): Target | undefined;
  /** The discussion is there: draws what only this kind of document has. */
  begin?(widget: Docked["widget"]): void;
  close(): void;
}

export class Discussion {
  docked: Docked | null = null;
  /** Why there is none, in words for a person. */
  trouble = "";
  #closed = false;
  readonly #surface: Surface;

  private constructor(
    readonly document: IDocumentWidget,
    surface: Surface,
    private readonly settings: ServerConnection.ISettings,
    private readonly options: DiscussionOptions,
  ) {
    this.#surface = surface;
  }

  static async open(
    document: IDocumentWidget,
    surface: Surface,
    settings: ServerConnection.ISettings,
    options: DiscussionOptions,
  ): Promise<Discussion> {
    const discussion = new Discussion(document, surface, settings, options);
    try {
      await discussion.#open();
    } catch (error) {
      discussion.trouble = error instanceof Error ? error.message : String(error);
    }
    return discussion;
  }

  /** Whether there are cells and outputs to discuss as a whole. */
  get hasParts(): boolean {
    return this.#surface.whole !== undefined;
  }

  /** Begins a discussion of the words that are selected, or of the cell that is active. */
  comment(): void {
    const widget = this.docked?.widget;
    if (!widget) return;
    if (widget.canvas.selection.read()) widget.compose();
    else this.commentWhole(null, "cell");
  }

  /** Begins a discussion of the cell or output as a whole that holds a node, or that is active. */
  commentWhole(node: Element | null, what: "cell" | "output"): void {
    const target = this.#surface.whole?.(node, what);
    if (target) this.docked?.widget.composeWhole(target);
  }

  /** The words over the page are for the document in front only. */
  show(shown: boolean): void {
    this.docked?.show(shown);
  }

  close(): void {
    this.#closed = true;
    this.docked?.destroy();
    this.docked = null;
    this.#surface.close();
  }

  async #open(): Promise<void> {
    const { path } = this.document.context;
    let place = await findPlace(this.settings, path);
    if (place.similar.length > 0) place = await this.#ask(place, path);
    if (this.#closed) return;
    const { page, tenant, url, token } = place;
    const { root, host } = this.#surface;
    this.docked = dock(
      root,
      {
        tenantId: tenant,
        urlId: page,
        serverUrl: url.replace(/\/+$/, ""),
        locale: this.options.locale,
        ...(token === null ? {} : { sso: () => this.#token(token) }),
      },
      { ...host, showPanel: (open) => this.options.showPanel(this, open) },
    );
    this.#surface.begin?.(this.docked.widget);
  }

  /** The token at hand first; a new one each time it is asked for again. */
  #token(first: string): string | Promise<string> {
    if (this.#spent) return findPlace(this.settings, this.document.context.path).then((p) => p.token ?? "");
    this.#spent = true;
    return first;
  }
  #spent = false;

  /** A copy: does it go on with the original's discussion, or begin its own? */
  async #ask(place: Place, path: string): Promise<Place> {
    const fresh = Dialog.okButton({ label: "Begin a new discussion" });
    const goOn = place.similar.slice(0, 3).map(({ path: other }) =>
      Dialog.createButton({ label: `Go on with that of ${other}` }),
    );
    const { button } = await showDialog({
      title: "Whose discussion is this?",
      body: `${path} looks like a copy of ${place.similar.map((other) => other.path).join(", ")}.`,
      buttons: [...goOn, fresh],
      hasClose: false,
    });
    const chosen = goOn.findIndex(({ label }) => label === button.label);
    const continued = chosen < 0 ? "new" : (place.similar[chosen]?.page ?? "new");
    return findPlace(this.settings, path, continued);
  }
}

export interface DiscussionOptions {
  locale: string;
  showPanel(discussion: Discussion, open: boolean): void;
}
