/** A notebook panel as the widget sees it. */
import type { NotebookPanel } from "@jupyterlab/notebook";
import { mayBeIn } from "../../../crdtchat/widget/src/model/notebook-part";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import type { Surface } from "./discussion";
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
      bring: (target: Target) => {
        const cell = text.cell(target.part);
        if (cell) notebook.scrollToCell(cell, "smart").catch(reportError);
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
