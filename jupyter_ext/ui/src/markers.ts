/** Beside each cell that is discussed: how many open discussions it has. A press opens them one after the other. */
import type { Cell } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import type { Widget } from "../../../crdtchat/widget/src/app/widget";
import { idle } from "../../../crdtchat/widget/src/dom/idle";
import { cellOf } from "../../../crdtchat/widget/src/model/notebook-part";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import type { NotebookText } from "./notebook-text";

const SOON_MS = 200;
const OUTLINE = "crdtchat-whole";

export class Markers {
  readonly #buttons = new Map<Cell, HTMLButtonElement>();
  readonly #unwatch: () => void;
  #drawn: unknown[] = [];
  #outlined: Element | null | undefined;
  #waiting = false;
  #closed = false;

  constructor(
    private readonly notebook: Notebook,
    private readonly text: NotebookText,
    private readonly widget: Widget,
  ) {
    this.#unwatch = widget.view.watch(() => void this.#soon());
    void this.#soon();
  }

  close(): void {
    this.#unwatch();
    this.#closed = true;
    this.#outlined?.classList.remove(OUTLINE);
    for (const button of this.#buttons.values()) button.remove();
  }

  async #soon(): Promise<void> {
    while (!this.#waiting) {
      const { revision, active, composing } = this.widget.view.value;
      const now = [revision, active, composing];
      if (now.every((value, index) => value === this.#drawn[index])) return;
      this.#waiting = true;
      await idle(SOON_MS);
      this.#waiting = false;
      if (this.#closed) return;
      this.#drawn = now;
      this.#draw();
      this.#outline();
    }
  }

  #draw(): void {
    const cells = this.#discussed();
    for (const [cell, button] of this.#buttons) {
      if (cells.has(cell)) continue;
      button.remove();
      this.#buttons.delete(cell);
    }
    for (const [cell, aids] of cells) {
      const { speech, unread } = this.widget;
      const news = aids.reduce((sum, aid) => sum + unread.of(aid), 0);
      const words = [speech.count("discussions", aids.length)];
      if (news > 0) words.push(speech.count("unreadCount", news));
      const button = this.#buttons.get(cell) ?? this.#button(cell);
      button.classList.toggle("crdtchat-news", news > 0);
      if (button.textContent !== String(aids.length)) button.textContent = String(aids.length);
      button.title = words.join(", ");
      button.setAttribute("aria-label", button.title);
    }
  }

  /** The open discussions of each cell, in the order of the text. */
  #discussed(): Map<Cell, string[]> {
    const { widget, text } = this;
    const cells = new Map<Cell, string[]>();
    const byId = new Map(this.notebook.widgets.map((cell) => [cell.model.id, cell]));
    const open = widget.threads.all().filter(({ aid, state }) => !state.resolved && !widget.isOrphan(aid));
    const at = ({ aid }: { aid: string }) => widget.place(aid)?.place.startCp ?? 0;
    for (const { aid, target } of open.sort((a, b) => at(a) - at(b))) {
      const words = widget.place(aid)?.range?.startContainer;
      const named = byId.get(cellOf(target.part));
      const cell = !words || named?.node.contains(words) ? named : text.cellOf(words);
      if (cell) cells.set(cell, [...(cells.get(cell) ?? []), aid]);
    }
    return cells;
  }

  #button(cell: Cell): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "crdtchat-marker";
    button.addEventListener("click", () => this.#open(cell));
    cell.node.append(button);
    this.#buttons.set(cell, button);
    return button;
  }

  #open(cell: Cell): void {
    const aids = this.#discussed().get(cell) ?? [];
    const next = aids[(aids.indexOf(this.widget.view.value.active ?? "") + 1) % aids.length];
    if (next) this.widget.open(next);
  }

  /** Around the cell or output that is discussed as a whole. */
  #outline(): void {
    const { active, composing } = this.widget.view.value;
    const target: Target | undefined =
      composing?.target ?? (active ? this.widget.threads.get(active)?.target : undefined);
    const element = target?.kind === "cell" ? this.text.element(target) : undefined;
    if (element === this.#outlined) return;
    this.#outlined?.classList.remove(OUTLINE);
    element?.classList.add(OUTLINE);
    this.#outlined = element;
  }
}
