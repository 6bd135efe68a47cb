import { createContext } from "preact";
import { useContext, useEffect, useReducer } from "preact/hooks";
import type { Store } from "../app/store";
import type { View } from "../app/view";
import type { Widget } from "../app/widget";

export const WidgetContext = createContext<Widget | null>(null);

export function useWidget(): Widget {
  const widget = useContext(WidgetContext);
  if (!widget) throw new Error("outside of a widget");
  return widget;
}

/** The view as it is now; the component is drawn again when it changes. */
export const useView = (widget: Widget): View => useStore(widget.view);

export function useStore<T extends object>(store: Store<T>): T {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => store.watch(() => draw(undefined)), [store]);
  return store.value;
}
