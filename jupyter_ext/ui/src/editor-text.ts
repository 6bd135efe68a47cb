/** An editor's text: CodeMirror draws only the lines in sight, the model knows them all. */
import type { CodeEditor } from "@jupyterlab/codeeditor";
import { CodeMirrorEditor } from "@jupyterlab/codemirror";
import type { Foreign } from "../../../crdtchat/widget/src/dom/text-map";

export class EditorText implements Foreign {
  readonly text: string;

  constructor(
    source: string,
    private readonly editor: CodeEditor.IEditor | null,
    private readonly box: Element | null,
  ) {
    this.text = source;
  }

  position(u16: number): { node: Node; offset: number } | undefined {
    const view = this.#view;
    if (!view || u16 > view.state.doc.length) return undefined;
    if (!view.visibleRanges.some(({ from, to }) => from <= u16 && u16 <= to)) return undefined;
    return view.domAtPos(u16);
  }

  offset(node: Node, offset: number): number | undefined {
    const view = this.#view;
    if (view?.contentDOM.contains(node)) return view.posAtDOM(node, offset);
    return this.box?.contains(node) ? 0 : undefined;
  }

  get #view() {
    if (!(this.editor instanceof CodeMirrorEditor)) return undefined;
    const { editor: view } = this.editor;
    return view.dom.isConnected && view.dom.offsetParent !== null ? view : undefined;
  }
}
