/**
 * A notebook as one text: for each cell its source, or the rendered Markdown, and its outputs.
 *
 * Cells out of sight may not be in the document (windowed notebooks) or be folded away: what is known of them
 * stands in for them, so that scrolling and folding change no text and lose no anchor.
 */
import { type Cell, CodeCell, MarkdownCell } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import type { Foreign, Reading } from "../../../crdtchat/widget/src/dom/section";
import { TextMap } from "../../../crdtchat/widget/src/dom/text-map";
import { cellOf, outputOf, partName } from "../../../crdtchat/widget/src/model/notebook-part";
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

const INPUT = ":scope > .jp-Cell-inputWrapper";
const EDITOR = ".jp-InputArea-editor";
const OUTPUT = ".jp-OutputArea-child";
const FOLDED_INPUT = ".jp-InputPlaceholder";
const FOLDED = `${FOLDED_INPUT},.jp-OutputPlaceholder`;

/** The text of a cell that is not drawn. */
class Remembered implements Foreign {
  constructor(
    readonly text: string,
    readonly box: Element,
  ) {}
  position(): undefined {
    return undefined;
  }
  offset(node: Node): number | undefined {
    return this.box.contains(node) ? 0 : undefined;
  }
}

export class NotebookText implements Reading {
  /** The texts of outputs and rendered cells when they were last in the document, by cell id. */
  readonly #remembered = new Map<string, string>();
  /** The texts of outputs that are drawn without their cells, each with all that is drawn there. */
  readonly #outputs = new WeakMap<Cell, { drawn: string; text: string }>();

  #byNode = new Map<Element, Cell>();
  #byId = new Map<string, Cell>();

  constructor(private readonly notebook: Notebook) {}

  *parts(): Iterable<Element | Foreign> {
    this.#byNode = new Map(this.notebook.widgets.map((cell) => [cell.node, cell]));
    this.#byId = new Map(this.notebook.widgets.map((cell) => [cell.model.id, cell]));
    for (const cell of this.notebook.widgets) {
      const isDrawn = cell.node.isConnected && !cell.isDisposed && !cell.isPlaceholder();
      // Below a folded heading it is hidden.
      if (!isDrawn || cell.isHidden)
        yield new Remembered(this.#remembered.get(cell.model.id) ?? written(cell), cell.node);
      else if (cell.node.querySelector(INPUT)) yield cell.node;
      else yield new Remembered(this.#ahead(cell), cell.node);
    }
  }

  /** Lab draws outputs ahead of time, and puts in what they are of only where it comes in sight. */
  #ahead(cell: Cell): string {
    const drawn = cell.node.textContent ?? "";
    let known = this.#outputs.get(cell);
    if (known?.drawn !== drawn) {
      const instead = (element: HTMLElement) => this.instead(element);
      known = { drawn, text: new TextMap(cell.node, { instead }).text };
      this.#outputs.set(cell, known);
    }
    return [cell.model.sharedModel.getSource(), known.text].join("\n");
  }

  /** Remembers cells before they leave the document. */
  read(part: Element, text: string): void {
    const cell = this.#byNode.get(part);
    if (cell) this.#remembered.set(cell.model.id, text);
  }

  instead(element: HTMLElement): Foreign | null | undefined {
    if (element.matches(FOLDED)) return this.#folded(element);
    if (element.matches(DECORATION)) return null;
    if (element.matches(EDITOR)) return this.#source(element);
    if (!element.classList.contains("lm-mod-hidden")) return undefined;
    // Folded away: what is in it is known all the same.
    const editor = element.querySelector<HTMLElement>(EDITOR);
    if (editor) return this.#source(editor);
    const placeholder = element.querySelector(FOLDED);
    return placeholder ? this.#folded(placeholder) : null;
  }

  /** An input, or the outputs, for which a placeholder stands: they are out of the document. */
  #folded(placeholder: Element): Foreign | null {
    const cell = this.cellOf(placeholder);
    const away = placeholder.matches(FOLDED_INPUT) ? cell?.inputArea : cell instanceof CodeCell && cell.outputArea;
    if (!away) return null;
    const instead = (element: HTMLElement) =>
      element.matches(EDITOR) ? this.#source(element, cell) : this.instead(element);
    return new Remembered(new TextMap(away.node, { instead }).text, placeholder);
  }

  #source(editor: HTMLElement, cell = this.cellOf(editor)): Foreign | null {
    if (!cell) return null;
    // Of a rendered Markdown cell people see the rendering.
    if (cell instanceof MarkdownCell && cell.rendered) return null;
    return new EditorText(cell.model.sharedModel.getSource(), cell.editor, editor);
  }

  cellOf(node: Node): Cell | undefined {
    const element = node instanceof Element ? node : node.parentElement;
    const box = element?.closest(".jp-Cell");
    return box ? (this.#byNode.get(box) ?? this.notebook.widgets.find((cell) => cell.node === box)) : undefined;
  }

  // Where words are, and how that is kept

  /** The part of the notebook that a node is in. */
  partOf(node: Node): { kind: string; part: string } {
    const cell = this.cellOf(node);
    if (!cell) return { kind: "text", part: "" };
    const output = this.outputOf(node);
    if (output !== undefined) return { kind: "output", part: partName(cell.model.id, output) };
    const element = node instanceof Element ? node : node.parentElement;
    return { kind: element?.closest(EDITOR) ? "source" : "rendered", part: partName(cell.model.id) };
  }

  /** Whether a node is in what a cell printed or drew. */
  isOutput(node: Node): boolean {
    return (node instanceof Element ? node : node.parentElement)?.closest(OUTPUT) != null;
  }

  /** Which of its cell's outputs a node is in. */
  outputOf(node: Node): number | undefined {
    const cell = this.cellOf(node);
    const output = (node instanceof Element ? node : node.parentElement)?.closest(OUTPUT);
    const index = output && cell instanceof CodeCell ? outputs(cell).indexOf(output) : -1;
    return index < 0 ? undefined : index;
  }

  /** A cell, or one of its outputs, as a whole; quoted by how it begins, an output with the code before it. */
  whole(cell: Cell, output?: number): Target {
    const element = output === undefined || !(cell instanceof CodeCell) ? undefined : outputs(cell)[output];
    const source = cell.model.sharedModel.getSource();
    const text = element ? new TextMap(element, { instead: (part) => this.instead(part) }).text : source;
    const quoted = Array.from(text.trim()).slice(0, QUOTED_CP);
    const prefix = element ? Array.from(source).slice(-BEFORE_CP).join("") : "";
    const words = { exact: quoted.join(""), prefix, suffix: "", startCp: 0, endCp: quoted.length };
    return { ...words, kind: "cell", part: partName(cell.model.id, output), version: "" };
  }

  cell(part: string): Cell | undefined {
    const id = cellOf(part);
    const known = this.#byId.get(id);
    if (known && !known.isDisposed) return known;
    return id === "" ? undefined : this.notebook.widgets.find((cell) => cell.model.id === id);
  }

  /**
   * The one cell that is, or whose output is, discussed as a whole where its id is nobody's: cells of notebooks older
   * than format 4.5 have other ids each time they are opened, and a pasted one has another.
   */
  #like({ part, exact, prefix }: Target): Cell | undefined {
    const output = outputOf(part);
    const like = (cell: Cell) => {
      const source = cell.model.sharedModel.getSource();
      if (output === undefined) return isCut(source.trim(), exact, QUOTED_CP, "startsWith");
      const has = cell instanceof CodeCell && output < cell.model.outputs.length;
      return has && isCut(source, prefix, BEFORE_CP, "endsWith");
    };
    const found = this.notebook.widgets.filter(like);
    return found.length === 1 ? found[0] : undefined;
  }

  /** The element of a part, also while it is out of the document; undefined if there is none. */
  element(target: Target): Element | undefined {
    const { kind, part } = target;
    const cell = this.cell(part) ?? (kind === "cell" ? this.#like(target) : undefined);
    if (!cell) return undefined;
    const output = outputOf(part);
    if (output === undefined || !(cell instanceof CodeCell))
      return (kind === "source" ? cell.node.querySelector(EDITOR) : null) ?? cell.node;
    // A discussion of an output as a whole ends with it; its words may stand in another one.
    const gone = kind === "cell" && output >= cell.model.outputs.length;
    return outputs(cell)[output] ?? (gone ? undefined : cell.node);
  }
}

const QUOTED_CP = 400;
/** As much as a target may have of what stands before its words. */
const BEFORE_CP = 128;

/** Whether words are a text's beginning or end, cut off at that many characters. */
function isCut(text: string, words: string, mostCp: number, at: "startsWith" | "endsWith"): boolean {
  if (words === "" || !text[at](words)) return false;
  return text.length === words.length || Array.from(words).length === mostCp;
}

const outputs = (cell: CodeCell): Element[] => [...cell.outputArea.node.querySelectorAll(OUTPUT)];

/** What a cell that was never drawn says, as far as its model knows. */
function written(cell: Cell): string {
  const source = cell.model.sharedModel.getSource();
  if (!(cell instanceof CodeCell)) return source;
  const printed = cell.model.outputs.toJSON().map((output) => {
    const data = "data" in output ? (output.data as Record<string, unknown>)["text/plain"] : output.text;
    return Array.isArray(data) ? data.join("") : String(data ?? "");
  });
  return [source, ...printed].join("\n");
}
