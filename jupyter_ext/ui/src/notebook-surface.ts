/** A notebook panel as the widget sees it. */
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { Target } from "../../../crdtchat/widget/src/model/schema";
import type { Surface } from "./discussion";
import { NotebookText } from "./notebook-text";

export function notebookSurface(panel: NotebookPanel): Surface {
  const notebook = panel.content;
  const text = new NotebookText(notebook);
  const remember = () => text.remember();
  notebook.outerNode.addEventListener("scroll", remember, { passive: true });
  return {
    root: notebook.node,
    host: {
      reading: text,
      describe: (target: Target, range: Range): Target => ({ ...target, ...text.partOf(range.startContainer) }),
      element: (target: Target) => text.element(target),
      bring: (target: Target) => {
        const cell = text.cell(target.part);
        if (cell) notebook.scrollToCell(cell, "smart").catch(reportError);
      },
    },
    close: () => notebook.outerNode.removeEventListener("scroll", remember),
  };
}
