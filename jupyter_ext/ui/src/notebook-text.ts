/**
 * A notebook as one text: for each cell its source, or the rendered Markdown, and its outputs.
 *
 * Cells out of sight may not be in the document (windowed notebooks) or be folded away: what is known of them
 * stands in for them, so that scrolling and folding change no text and lose no anchor.
 */
import { type Cell, CodeCell, MarkdownCell } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import { type Foreign, type Reading, TextMap } from "../../../crdtchat/widget/src/dom/text-map";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import { EditorText } from "./editor-text";

/** Decoration of cells that is nobody's text. */
const DECORATION = [
  ".jp-InputPrompt",
  ".jp-OutputPrompt",
  ".jp-OutputPrompt-overlay",
  ".jp-OutputArea-promptOverlay",
  ".jp-Collapser",
  ".jp-InternalAnchorLink",
  ".jp-CellHeader",
  ".jp-CellFooter",
  ".jp-cell-menu",
  ".jp-Toolbar",
  ".jp-Placeholder",
  ".jp-TrimmedOutputs",
].join(",");

const EDITOR = ".jp-InputArea-editor";
const OUTPUT = ".jp-OutputArea-child";

class Remembered implements Foreign {
  constructor(readonly text: string) {}
  position(): undefined {
    return undefined;
  }
  offset(): undefined {
    return undefined;
  }
}

export class NotebookText implements Reading {
  /** The texts of outputs and rendered cells when they were last in the document, by cell id. */
  readonly #remembered = new Map<string, string>();

  constructor(private readonly notebook: Notebook) {}

  *parts(): Iterable<Element | Foreign> {
    for (const cell of this.notebook.widgets) {
      if (cell.node.isConnected && !cell.isDisposed) yield cell.node;
      else yield new Remembered(this.#remembered.get(cell.model.id) ?? cell.model.sharedModel.getSource());
    }
  }

  instead(element: HTMLElement): Foreign | null | undefined {
    if (element.matches(DECORATION)) return null;
    if (element.matches(EDITOR)) return this.#source(element);
    if (!element.classList.contains("lm-mod-hidden")) return undefined;
    // Folded away: an input is known all the same.
    const editor = element.querySelector<HTMLElement>(EDITOR);
    return editor ? this.#source(editor) : null;
  }

  /** Remembers cells before they leave the document. */
  remember(): void {
    for (const cell of this.notebook.widgets)
      if (cell.node.isConnected)
        this.#remembered.set(cell.model.id, new TextMap(cell.node, { instead: (e) => this.instead(e) }).text);
  }

  #source(editor: HTMLElement): Foreign | null {
    const cell = this.#cellOf(editor);
    if (!cell) return null;
    // Of a rendered Markdown cell people see the rendering.
    if (cell instanceof MarkdownCell && cell.rendered) return null;
    return new EditorText(cell.model.sharedModel.getSource(), cell.editor, editor);
  }

  #cellOf(node: Node): Cell | undefined {
    const element = node instanceof Element ? node : node.parentElement;
    const box = element?.closest(".jp-Cell");
    return box ? this.notebook.widgets.find((cell) => cell.node === box) : undefined;
  }

  // Where words are, and how that is kept

  /** The part of the notebook that a node is in. */
  partOf(node: Node): { kind: string; part: string } {
    const cell = this.#cellOf(node);
    if (!cell) return { kind: "text", part: "" };
    const element = node instanceof Element ? node : node.parentElement;
    const part = `cell=${cell.model.id}`;
    const output = element?.closest(OUTPUT);
    if (output && cell instanceof CodeCell) {
      const index = [...cell.outputArea.node.querySelectorAll(OUTPUT)].indexOf(output);
      return { kind: "output", part: `${part}&output=${Math.max(index, 0)}` };
    }
    return { kind: element?.closest(EDITOR) ? "source" : "rendered", part };
  }

  cell(part: string): Cell | undefined {
    const id = new URLSearchParams(part).get("cell");
    return id === null ? undefined : this.notebook.widgets.find((cell) => cell.model.id === id);
  }

  /** The element of a part, if it is in the document. */
  element({ kind, part }: Target): Element | undefined {
    const cell = this.cell(part);
    if (!cell?.node.isConnected) return undefined;
    if (kind === "source") return cell.node.querySelector(EDITOR) ?? cell.node;
    const output = new URLSearchParams(part).get("output");
    if (output !== null && cell instanceof CodeCell)
      return cell.outputArea.node.querySelectorAll(OUTPUT)[Number(output)] ?? cell.node;
    return cell.node;
  }
}
