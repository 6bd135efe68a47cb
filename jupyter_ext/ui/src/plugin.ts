/** Brings it together: documents as they open, the panel, commands, the number in the status bar. */
import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, type IWidgetTracker } from "@jupyterlab/apputils";
import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import { IEditorTracker } from "@jupyterlab/fileeditor";
import { IMainMenu } from "@jupyterlab/mainmenu";
import { IMarkdownViewerTracker } from "@jupyterlab/markdownviewer";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ILatexTypesetter } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { addCommands } from "./commands";
import { Desk } from "./desk";
import type { Surface } from "./discussion";
import { LabDrawing } from "./drawing";
import { editorSurface, previewSurface } from "./file-surface";
import { labelMenu, labelSettings } from "./labels";
import { notebookSurface } from "./notebook-surface";
import { DiscussionPanel } from "./panel";
import { StatusItem } from "./status";

export const plugin: JupyterFrontEndPlugin<void> = {
  id: "@crdtchat/lab:plugin",
  description: "Discuss notebooks and files.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    ILabShell,
    ICommandPalette,
    IEditorTracker,
    IMarkdownViewerTracker,
    IStatusBar,
    ISettingRegistry,
    ITranslator,
    IEditorLanguageRegistry,
    ILatexTypesetter,
    IMainMenu,
  ],
  activate,
};

/** Ways to the files of Jupyter's own server: its default one, and that of jupyter-collaboration. */
const OWN_DRIVES = new Set(["", "RTC"]);

/** What Notebook 7 has in place of JupyterLab's shell. */
type NotebookShell = JupyterFrontEnd.IShell & { collapse?(area: "right"): void };

async function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  shell: ILabShell | null,
  palette: ICommandPalette | null,
  editors: IEditorTracker | null,
  previews: IMarkdownViewerTracker | null,
  statusBar: IStatusBar | null,
  settings: ISettingRegistry | null,
  translator: ITranslator | null,
  languages: IEditorLanguageRegistry | null,
  typesetter: ILatexTypesetter | null,
  menus: IMainMenu | null,
): Promise<void> {
  const chosen = await settings?.load(plugin.id).catch(() => undefined);
  const trans = (translator ?? nullTranslator).load("crdtchat");
  const panel = new DiscussionPanel(trans);
  app.shell.add(panel, "right", { rank: 900 });
  const collapse = () => (shell ? shell.collapseRight() : (app.shell as NotebookShell).collapse?.("right"));
  const desk = new Desk(app.serviceManager.serverSettings, panel, {
    trans,
    drawing: new LabDrawing(languages, typesetter),
    front: () => app.shell.currentWidget,
    localPath: (path) => app.serviceManager.contents.localPath(path),
    foreignDrive: (path) => {
      const drive = app.serviceManager.contents.driveName(path);
      return OWN_DRIVES.has(drive) ? "" : drive;
    },
    locale: (translator?.languageCode ?? document.documentElement.lang).replace("_", "-"),
    showPanel: (open) => {
      // Not again what it is already: Notebook's shell hides and shows a panel that it activates.
      if (open !== panel.isVisible) open ? app.shell.activateById(panel.id) : collapse();
    },
  });
  const enabled = (what: string) => chosen?.get(what).composite !== false;
  const watch = <T extends IDocumentWidget>(
    setting: string,
    tracker: IWidgetTracker<T> | null,
    surface: (document: T) => Surface,
  ) => {
    const choose = (document: T) => {
      if (enabled(setting)) desk.take(document, () => surface(document));
      else desk.leave(document);
    };
    tracker?.forEach(choose);
    tracker?.widgetAdded.connect((_, document) => choose(document));
    chosen?.changed.connect(() => tracker?.forEach(choose));
  };
  watch("notebooks", notebooks, notebookSurface);
  watch("files", editors, editorSurface);
  watch("files", previews, previewSurface);
  const look = () => desk.look();
  app.shell.currentChanged?.connect(look);
  app.restored.then(look, reportError);
  panel.again.connect(() => desk.retry());
  desk.changed.connect(() => panel.count());
  app.restored.then(() => menus && labelMenu(menus.viewMenu, trans), reportError);
  const label = () => {
    const texts = settings?.plugins[plugin.id]?.schema;
    if (texts) labelSettings(texts, trans);
  };
  chosen?.changed.connect(label);
  label();
  const markers = () => document.body.classList.toggle("crdtchat-no-markers", !enabled("markers"));
  chosen?.changed.connect(markers);
  markers();
  addCommands(app, desk, palette, trans);
  statusBar?.registerStatusItem("@crdtchat/lab:people", {
    item: new StatusItem(desk),
    align: "right",
    rank: 10,
    isActive: () => desk.current?.docked != null,
    activeStateChanged: desk.changed,
  });
}
