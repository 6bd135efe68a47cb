/** What people can do, under names that key bindings and menus can use. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { Desk } from "./desk";

export function addCommands(app: JupyterFrontEnd, desk: Desk, palette: ICommandPalette | null): void {
  const widget = () => desk.current?.docked?.widget;
  const commands: Record<string, { label: string; keys?: string; run(): void }> = {
    "crdtchat:comment": {
      label: "Comment on the Selection",
      keys: "Accel Alt M",
      run: () => widget()?.compose(),
    },
    "crdtchat:panel": { label: "Show Discussions", keys: "Accel Alt D", run: () => app.shell.activateById("crdtchat-panel") },
    "crdtchat:next": { label: "Next Discussion", keys: "Accel Alt .", run: () => widget()?.step(1) },
    "crdtchat:previous": { label: "Previous Discussion", keys: "Accel Alt ,", run: () => widget()?.step(-1) },
  };
  for (const [id, { label, keys, run }] of Object.entries(commands)) {
    app.commands.addCommand(id, { label, isEnabled: () => widget() !== undefined, execute: run });
    if (keys) app.commands.addKeyBinding({ command: id, keys: [keys], selector: "body" });
    palette?.addItem({ command: id, category: "Discussions" });
  }
  desk.changed.connect(() => app.commands.notifyCommandChanged());
  for (const selector of [".jp-Notebook", ".jp-FileEditor", ".jp-MarkdownViewer"])
    app.contextMenu.addItem({ command: "crdtchat:comment", selector, rank: 1 });
}
