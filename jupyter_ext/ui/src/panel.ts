/** The side panel: the discussions of the document in front. */
import { Widget } from "@lumino/widgets";
import type { Discussion } from "./discussion";

export class DiscussionPanel extends Widget {
  #shown: Discussion | null = null;

  constructor() {
    super();
    this.id = "crdtchat-panel";
    this.title.caption = "Discussions";
    this.title.iconClass = "crdtchat-icon jp-SideBar-tabIcon";
    this.addClass("crdtchat-panel");
    this.#empty("Open a notebook or a text to see its discussions.");
  }

  /** Shows the discussions of a document, or none. */
  present(discussion: Discussion | null): void {
    this.#shown = discussion;
    const panel = discussion?.docked?.panel;
    if (panel) this.node.replaceChildren(panel);
    else this.#empty(discussion?.trouble || "Open a notebook or a text to see its discussions.");
    this.#tell();
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

  #empty(words: string): void {
    const note = document.createElement("p");
    note.className = "crdtchat-empty";
    note.textContent = words;
    this.node.replaceChildren(note);
  }
}
