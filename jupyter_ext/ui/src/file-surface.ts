/** A text editor or a Markdown preview as the widget sees it. */
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import type { FileEditor } from "@jupyterlab/fileeditor";
import type { Surface } from "./discussion";
import { bringLine, EditorText } from "./editor-text";

export function editorSurface(document: IDocumentWidget<FileEditor>): Surface {
  const { editor, node } = document.content;
  return {
    root: node,
    host: {
      reading: { parts: () => [new EditorText(editor.model.sharedModel.getSource(), editor, node)] },
      describe: (target) => ({ ...target, kind: "source" }),
      bring: (_, u16) => bringLine(editor, u16),
    },
    close: () => {},
  };
}

export function previewSurface(document: IDocumentWidget): Surface {
  return {
    root: document.content.node,
    host: { reading: {}, describe: (target) => ({ ...target, kind: "rendered" }) },
    close: () => {},
  };
}
