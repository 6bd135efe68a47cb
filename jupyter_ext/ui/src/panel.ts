/** The side panel: the discussions of the document in front. */
import type { TranslationBundle } from "@jupyterlab/translation";
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import type { Discussion } from "./discussion";
import { discussionIcon } from "./icon";

/** What the tab says in data attributes, as the style sheet knows it. */
const UNREAD = "crdtchat-unread";

export class DiscussionPanel extends Widget {
  /** What failed is to be tried again. */
  readonly again = new Signal<this, void>(this);
  #shown: Discussion | null = null;

  constructor(private readonly trans: TranslationBundle) {
    super();
    this.id = "crdtchat-panel";
    this.title.caption = trans.__("Discussions");
    this.title.icon = discussionIcon;
    this.addClass("crdtchat-panel");
    this.#empty();
  }

  /** Shows the discussions of a document, or none. */
  present(discussion: Discussion | null): void {
    this.#shown = discussion;
    const panel = discussion?.docked?.panel;
    if (panel) this.node.replaceChildren(panel);
    else this.#empty(discussion?.trouble, discussion?.mayBegin);
    this.#tell();
    this.count();
  }

  /** Says at the panel's tab how much is unread. */
  count(): void {
    const widget = this.#shown?.docked?.widget;
    const unread = widget?.unread.size ?? 0;
    if (this.title.dataset[UNREAD] === (unread > 0 ? String(unread) : undefined)) return;
    const words = this.trans.__("Discussions");
    const { [UNREAD]: _, ...others } = this.title.dataset;
    this.title.dataset = unread > 0 ? { ...others, [UNREAD]: String(unread) } : others;
    this.title.caption = unread > 0 && widget ? `${words} (${widget.speech.count("unreadCount", unread)})` : words;
  }

  protected override onAfterShow(): void {
    this.#tell();
  }

  protected override onAfterHide(): void {
    this.#tell();
  }

  #tell(): void {
    this.#shown?.docked?.widget.togglePanel(this.isVisible);
  }

  #empty(words = "", mayBegin = false): void {
    const note = document.createElement("p");
    note.className = "crdtchat-empty";
    note.textContent = words || this.trans.__("Open a notebook or a text to see its discussions.");
    this.node.replaceChildren(note);
    if (!words || !mayBegin) return;
    const again = document.createElement("button");
    again.className = "jp-Button jp-mod-styled crdtchat-again";
    again.textContent = this.trans.__("Try again");
    again.addEventListener("click", () => this.again.emit());
    this.node.append(again);
  }
}
