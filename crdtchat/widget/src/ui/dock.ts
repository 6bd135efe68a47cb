/** A widget whose panel the host puts where its own panels are. */
import type { Host } from "../app/host";
import type { Options } from "../app/options";
import type { Widget } from "../app/widget";
import { drawPanel } from "./app";
import { host as element, mount } from "./mount";

export interface Docked {
  widget: Widget;
  /** For the host to put into its panel. */
  panel: HTMLElement;
  /** Whether what lies over the page is shown. */
  show(shown: boolean): void;
  destroy(): void;
}

export function dock(
  root: Element,
  options: Options & { serverUrl: string },
  host: Omit<Host, "docked">,
): Docked {
  const mounted = mount(root, { ...options, topBarTarget: null }, { ...host, docked: true });
  const panel = element("crdtchat-docked");
  const undraw = drawPanel(mounted.widget, panel.shadowRoot as ShadowRoot);
  return {
    widget: mounted.widget,
    panel,
    show(shown) {
      mounted.layer.hidden = !shown;
      mounted.widget.canvas.pause(!shown);
    },
    destroy() {
      undraw();
      panel.remove();
      mounted.destroy();
    },
  };
}
