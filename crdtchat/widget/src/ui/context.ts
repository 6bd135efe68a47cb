import { createContext } from "preact";
import { useContext, useEffect, useReducer } from "preact/hooks";
import type { View } from "../app/view";
import type { Widget } from "../app/widget";

export const WidgetContext = createContext<Widget | null>(null);

export function useWidget(): Widget {
  const widget = useContext(WidgetContext);
  if (!widget) throw new Error("outside of a widget");
  return widget;
}

/** The view as it is now; the component is drawn again when it changes. */
export function useView(widget: Widget): View {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => widget.view.watch(() => draw(undefined)), [widget]);
  return widget.view.value;
}
