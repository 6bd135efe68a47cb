/** What people can do. Menus, keys and toolbars are in the settings schema, where people can change them. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Desk } from "./desk";
import type { Discussion } from "./discussion";
import { discussionIcon } from "./icon";

interface Command {
  label: string;
  caption?: string;
  icon?: boolean;
  run(discussion: Discussion | null): void | Promise<void>;
  /** May be done: by default, wherever there is a discussion. */
  enabled?(discussion: Discussion): boolean;
  /** Acts on what people see: not while something else, which is not discussed, is in front of the document. */
  seen?: boolean;
  /** May be done without a discussion, too. */
  always?: boolean;
}

export function addCommands(
  app: JupyterFrontEnd,
  desk: Desk,
  palette: ICommandPalette | null,
  trans: TranslationBundle,
): void {
  const hit = (selector: string) => app.contextMenuHitTest((node) => node.matches(selector)) ?? null;
  const writes = ({ docked }: Discussion) => docked?.widget.readonly === false;
  const commands: Record<string, Command> = {
    "crdtchat:comment": {
      label: trans.__("Comment on the Selection or Cell"),
      icon: true,
      seen: true,
      run: (discussion) => discussion?.comment(),
      enabled: writes,
    },
    "crdtchat:comment-cell": {
      label: trans.__("Comment on the Cell"),
      icon: true,
      seen: true,
      run: (discussion) => discussion?.commentWhole(null, "cell"),
      enabled: (discussion) => writes(discussion) && discussion.hasParts,
    },
    "crdtchat:comment-output": {
      label: trans.__("Comment on the Output"),
      icon: true,
      seen: true,
      run: (discussion) => discussion?.commentWhole(hit(".jp-OutputArea-child"), "output"),
      enabled: (discussion) => writes(discussion) && discussion.hasParts,
    },
    "crdtchat:panel": {
      label: trans.__("Show Discussions"),
      always: true,
      run: () => app.shell.activateById("crdtchat-panel"),
    },
    "crdtchat:export": { label: trans.__("Export the Discussion"), run: (discussion) => discussion?.export() },
    "crdtchat:import": { label: trans.__("Import a Discussion"), run: (discussion) => discussion?.import() },
    "crdtchat:next": {
      label: trans.__("Next Discussion"),
      seen: true,
      run: (discussion) => discussion?.docked?.widget.step(1),
    },
    "crdtchat:previous": {
      label: trans.__("Previous Discussion"),
      seen: true,
      run: (discussion) => discussion?.docked?.widget.step(-1),
    },
  };
  for (const [id, { label, icon, run, enabled, seen, always }] of Object.entries(commands)) {
    app.commands.addCommand(id, {
      label,
      caption: label,
      ...(icon ? { icon: discussionIcon } : {}),
      isEnabled: () => {
        const { current } = desk;
        if (always) return true;
        if (!current?.docked || (seen && !current.document.isVisible)) return false;
        return enabled?.(current) ?? true;
      },
      execute: () => run(desk.current),
      describedBy: { args: { type: "object", properties: {} } },
    });
    if (id !== "crdtchat:comment-output") palette?.addItem({ command: id, category: trans.__("Discussions") });
  }
  desk.changed.connect(() => app.commands.notifyCommandChanged());
}
