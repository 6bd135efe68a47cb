/** A notebook panel as the widget sees it. */
import type { Cell } from "@jupyterlab/cells";
import type { Notebook, NotebookPanel } from "@jupyterlab/notebook";
import { mayBeIn } from "../../../crdtchat/widget/src/model/notebook-part";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import type { Surface } from "./discussion";
import { bringLine } from "./editor-text";
import { Markers } from "./markers";
import { NotebookText } from "./notebook-text";

export function notebookSurface(panel: NotebookPanel): Surface {
  const notebook = panel.content;
  const text = new NotebookText(notebook);
  let markers: Markers | undefined;
  return {
    root: notebook.node,
    host: {
      reading: text,
      describe: (target: Target, range: Range): Target => ({ ...target, ...text.partOf(range.startContainer) }),
      element: (target: Target) => text.element(target),
      suits: (target: Target, { startContainer }: Range) => mayBeIn(target, text.isOutput(startContainer)),
      bring: (part, u16) => {
        const cell = part && text.cellOf(part);
        if (cell) bring(notebook, cell, u16).catch(reportError);
      },
    },
    whole: (node, what) => {
      const cell = node ? text.cellOf(node) : notebook.activeCell;
      if (!cell) return undefined;
      if (what === "cell") return text.whole(cell);
      const output = node ? text.outputOf(node) : undefined;
      return output === undefined ? undefined : text.whole(cell, output);
    },
    begin: (widget) => {
      markers = new Markers(notebook, text, widget);
    },
    close: () => markers?.close(),
  };
}

/** A cell's text begins with its source. Of a long one only the lines in sight are drawn. */
async function bring(notebook: Notebook, cell: Cell, u16: number): Promise<void> {
  await notebook.scrollToCell(cell, "smart");
  if (cell.editor && u16 > 0 && u16 < cell.model.sharedModel.getSource().length) bringLine(cell.editor, u16);
}
