/** What a host that is more than a page, such as JupyterLab, builds on. */
export type { Drawing, Host } from "../app/host";
export type { Foreign, Reading } from "../dom/section";
export { TextMap } from "../dom/text-map";
export type { Target } from "../model/schema";
export { type Docked, dock } from "../ui/dock";
