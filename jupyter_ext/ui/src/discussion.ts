/** The discussion of one open notebook or file. */
import { Dialog, Notification, showDialog } from "@jupyterlab/apputils";
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import { ServerConnection } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import { type Docked, type Drawing, dock, type Host } from "../../../crdtchat/widget/src/entry/lab";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import { Backoff } from "../../../crdtchat/widget/src/sync/backoff";
import { exportDiscussion, findPlace, fromJupyter, importDiscussion, type Place } from "./server";

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

/** Questions that are not answered yet, by path: an editor and a preview of one file ask the same. */
const asked = new Map<string, Promise<Place>>();

export class Discussion {
  docked: Docked | null = null;
  /** Why there is none, in words for a person. */
  trouble = "";
  /** What is in the way may be over when it is tried again. */
  mayBegin = true;
  readonly #surface: Surface;
  #beginning: Promise<void> | null = null;
  /** Nobody need do anything about what is in the way: the server could not be reached, or could not answer. */
  #passes = false;
  readonly #backoff = new Backoff(Math.random);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    readonly document: IDocumentWidget,
    surface: Surface,
    private readonly settings: ServerConnection.ISettings,
    private readonly options: DiscussionOptions,
  ) {
    this.#surface = surface;
  }

  get begun(): boolean {
    return this.docked !== null;
  }

  /** Begins, or tries again what failed before. Does nothing where all is well. */
  begin(): Promise<void> {
    if (this.docked || this.#closed) return Promise.resolve();
    this.#beginning ??= this.#open()
      .then(
        () => {
          this.trouble = "";
        },
        (error: unknown) => {
          this.trouble = wordsOf(error);
          const answered = error instanceof ServerConnection.ResponseError ? error.response.status : 0;
          this.#passes = error instanceof ServerConnection.NetworkError || answered >= 500;
        },
      )
      .finally(() => {
        this.#beginning = null;
      });
    return this.#beginning;
  }

  /** Calls in a while, if there is no discussion yet and what is in the way may be over then. */
  later(begin: () => void): void {
    clearTimeout(this.#timer);
    if (this.begun || this.#closed || !this.#passes) return;
    this.#timer = setTimeout(begin, this.#backoff.next());
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

  /** Writes the discussion beside its file, and says where. */
  async export(): Promise<void> {
    const { trans } = this.options;
    try {
      const { path, annotations } = await exportDiscussion(this.settings, this.#path);
      const words = trans._n("%1 discussion is in %2", "%1 discussions are in %2", annotations, annotations, path);
      Notification.success(words, { autoClose: 5_000 });
    } catch (error) {
      Notification.error(wordsOf(error));
    }
  }

  /** Merges what lies beside the file into the discussion, and says what is new. */
  async import(): Promise<void> {
    try {
      const { path, report } = await importDiscussion(this.settings, this.#path);
      Notification.success([path, ...report].join("\n"), { autoClose: 5_000 });
    } catch (error) {
      Notification.error(wordsOf(error));
    }
  }

  /** Where the file is for the server, whatever drive Lab reads it through. */
  get #path(): string {
    return this.options.localPath(this.document.context.path);
  }

  /** The words over the page are for the document in front only. */
  show(shown: boolean): void {
    this.docked?.show(shown);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.docked?.destroy();
    this.docked = null;
    this.#surface.close();
  }

  async #open(): Promise<void> {
    const { trans, foreignDrive } = this.options;
    const drive = foreignDrive(this.document.context.path);
    this.mayBegin = drive === "";
    // The server would take it for a file of its own, and there may be one under the same path.
    if (drive) throw new Error(trans.__("This is in %1: only files of Jupyter's own server are discussed.", drive));
    const path = this.#path;
    let place = await findPlace(this.settings, path);
    if (place.similar.length > 0) place = await this.#askOnce(place, path);
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
      {
        ...host,
        drawing: this.options.drawing,
        // Jupyter wants its XSRF token with a cookie. A central server gets nothing of Jupyter's.
        ...(token === null ? { fetch: (about, init) => fromJupyter(this.settings, about, init) } : {}),
        showPanel: (open) => this.options.showPanel(this, open),
      },
    );
    this.#surface.begin?.(this.docked.widget);
  }

  /** The token at hand first; a new one each time it is asked for again. */
  #token(first: string): string | Promise<string> {
    if (this.#spent) return findPlace(this.settings, this.#path).then((p) => p.token ?? "");
    this.#spent = true;
    return first;
  }
  #spent = false;

  #askOnce(place: Place, path: string): Promise<Place> {
    const answer = asked.get(path) ?? this.#ask(place, path).finally(() => asked.delete(path));
    asked.set(path, answer);
    return answer;
  }

  /** A copy, or what took a file's place: does it go on with that one's discussion, or begin its own? */
  async #ask(place: Place, path: string): Promise<Place> {
    const { trans } = this.options;
    const fresh = Dialog.okButton({ label: trans.__("Begin a new discussion") });
    const goOn = place.similar.slice(0, 3).map(({ path: other }, index) =>
      Dialog.createButton({
        label: place.replaces && index === 0 ? trans.__("Go on with it") : trans.__("Go on with that of %1", other),
      }),
    );
    const others = place.similar.map((other) => other.path).join(", ");
    const { button } = await showDialog({
      title: trans.__("Whose discussion is this?"),
      body: place.replaces
        ? trans.__("A file that was called %1 is discussed, and this one has nothing in common with it.", path)
        : place.similar.some(({ lost }) => lost)
          ? trans.__("Which discussion belongs to which file was lost. %1 may be what was %2.", path, others)
          : trans.__("%1 looks like a copy of %2.", path, others),
      buttons: [...goOn, fresh],
      hasClose: false,
    });
    const chosen = goOn.findIndex(({ label }) => label === button.label);
    const continued = chosen < 0 ? "new" : (place.similar[chosen]?.page ?? "new");
    return findPlace(this.settings, path, continued);
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface DiscussionOptions {
  locale: string;
  trans: TranslationBundle;
  drawing: Drawing;
  localPath(path: string): string;
  /** The drive that a path leads to, if its files are not those of Jupyter's own server; else empty. */
  foreignDrive(path: string): string;
  showPanel(discussion: Discussion, open: boolean): void;
}
