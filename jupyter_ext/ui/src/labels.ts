/**
 * The texts of the settings schema in Jupyter's language. Its server translates schemas, but only by language packs:
 * catalogues of an extension's own reach the front end alone. So it is done here.
 */
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { IRankedMenu } from "@jupyterlab/ui-components";

const SUBMENU = "jp-mainmenu-view-crdtchat";

/** Again each time that settings were saved, which brings the schema anew. */
export function labelSettings(schema: ISettingRegistry.ISchema, trans: TranslationBundle): void {
  const said = [schema, ...Object.values(schema.properties ?? {})];
  for (const texts of said) {
    if (texts.title) texts.title = trans.__(texts.title);
    if (texts.description) texts.description = trans.__(texts.description);
  }
  schema["jupyter.lab.setting-icon-label"] = trans.__("Discussions");
}

/** The menu that the schema adds to View. */
export function labelMenu(view: IRankedMenu, trans: TranslationBundle): void {
  const found = view.items.find(({ submenu }) => submenu?.id === SUBMENU);
  if (found?.submenu) found.submenu.title.label = trans.__("Discussions");
}
