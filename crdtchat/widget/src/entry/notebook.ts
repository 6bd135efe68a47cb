/** The widget in the output of a notebook's cell, in any front end that shows anywidget's widgets. */
import type { Options } from "../app/options";
import { type Comm, CommTransport } from "../sync/comm";
import { type Docked, dock } from "../ui/dock";

interface State {
  server: string;
  tenant: string;
  page: string;
  /** The page's text, or empty. */
  text: string;
  height: number;
  /** Whether the kernel knows who is writing; otherwise a guest is asked for a name here. */
  signed: boolean;
}

interface Model extends Comm {
  get<K extends keyof State>(name: K): State[K];
  on(event: "msg:custom" | "comm_live_update" | "change:text", heard: (...heard: never[]) => void): void;
  off(event: "msg:custom" | "comm_live_update" | "change:text", heard: (...heard: never[]) => void): void;
}

/** Stands for what the kernel signs in with, which it keeps to itself. */
const HELD_BY_KERNEL = "kernel";
/** So ipywidgets marks what has no kernel, as what was drawn from a state that a notebook's file holds. */
const CUT_OFF = "jupyter-widgets-disconnected";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const frame = document.createElement("div");
  frame.className = "crdtchat-cell";
  // Where the notebook itself can be discussed, this is no part of what it says.
  frame.dataset.crdtchatSkip = "";
  frame.style.cssText =
    "display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); overflow: hidden; " +
    "border: 1px solid rgb(128 128 128 / 0.35); border-radius: 10px";
  frame.style.gridAutoRows = `${model.get("height")}px`;
  const text = document.createElement("pre");
  text.style.cssText =
    "margin: 0; padding: 14px 18px; overflow: auto; white-space: pre-wrap; overflow-wrap: break-word; word-break: normal; " +
    "font: inherit; line-height: 1.6; color: inherit; background: none; border: 0 solid rgb(128 128 128 / 0.35); border-inline-end-width: 1px";
  frame.append(text);
  el.append(frame);
  const write = () => lines(text, model.get("text"));
  write();
  model.on("change:text", write);
  let docked: Docked | undefined;
  // Front ends draw before they show: fonts and colours are known from then on.
  const shown = new ResizeObserver(() => {
    if (!frame.isConnected) return;
    shown.disconnect();
    docked = show(model, text, () => el.classList.contains(CUT_OFF));
    // What is typed here is no shortcut of JupyterLab's.
    docked.panel.dataset.lmSuppressShortcuts = "true";
    frame.append(docked.panel);
  });
  shown.observe(frame);
  return () => {
    shown.disconnect();
    model.off("change:text", write);
    docked?.destroy();
    frame.remove();
  };
}

function show(model: Model, text: HTMLElement, isCutOff: () => boolean): Docked {
  const options: Options & { serverUrl: string } = {
    tenantId: model.get("tenant"),
    urlId: model.get("page"),
    serverUrl: model.get("server"),
    sso: () => (model.get("signed") ? HELD_BY_KERNEL : ""),
  };
  const docked = dock(text, options, {
    reading: {},
    panelStays: true,
    textless: text.textContent === "",
    carrier: (_, events) => new CommTransport(model, events, isCutOff),
  });
  docked.widget.togglePanel(true);
  return docked;
}

/** A line an element: what is pointed at can be scrolled to. */
function lines(element: HTMLElement, text: string): void {
  element.hidden = text === "";
  const written = text.split(/(?<=\n)/).map((line) => {
    const span = document.createElement("span");
    span.textContent = line;
    return span;
  });
  element.replaceChildren(...written);
}

export default { render };
