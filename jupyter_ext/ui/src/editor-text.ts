/** An editor's text: CodeMirror draws only the lines in sight, the model knows them all. */
import type { CodeEditor } from "@jupyterlab/codeeditor";
import { CodeMirrorEditor } from "@jupyterlab/codemirror";
import type { Foreign } from "../../../crdtchat/widget/src/dom/section";

export class EditorText implements Foreign {
  readonly text: string;

  constructor(
    source: string,
    private readonly editor: CodeEditor.IEditor | null,
    readonly box: Element,
  ) {
    this.text = source;
  }

  position(u16: number, end: boolean): { node: Node; offset: number } | undefined {
    const view = this.#view;
    if (!view || u16 > view.state.doc.length) return undefined;
    const drawn = end
      ? view.visibleRanges.findLast(({ from }) => from <= u16)
      : view.visibleRanges.find(({ to }) => u16 <= to);
    return drawn && view.domAtPos(end ? Math.min(u16, drawn.to) : Math.max(u16, drawn.from));
  }

  offset(node: Node, offset: number): number | undefined {
    const view = this.#view;
    if (view?.contentDOM.contains(node)) return view.posAtDOM(node, offset);
    return this.box.contains(node) ? 0 : undefined;
  }

  get #view() {
    if (!(this.editor instanceof CodeMirrorEditor)) return undefined;
    const { editor: view } = this.editor;
    // Whether it is drawn is asked of the classes: to ask for a box would lay out the notebook for each mark.
    return view.dom.isConnected && !view.dom.closest(".lm-mod-hidden") ? view : undefined;
  }
}

/** Brings a place of an editor's text into view, and so has it drawn. */
export function bringLine(editor: CodeEditor.IEditor, u16: number): void {
  if (!(editor instanceof CodeMirrorEditor)) return;
  const position = editor.getPositionAt(u16);
  if (position) editor.revealPosition(position, { block: "center" });
}
