import { render } from "preact";
import type { Widget } from "../app/widget";
import { Bar } from "./bar";
import { Card } from "./card";
import { useView, useWidget, WidgetContext } from "./context";
import { Peek, SelectionButton } from "./floating";
import { Panel } from "./panel";

function App({ bar }: { bar: boolean }) {
  const widget = useWidget();
  const { dark, panel, said } = useView(widget);
  return (
    <div class={`app${dark ? " dark" : ""}${panel ? " with-panel" : ""}`} lang={widget.speech.locale}>
      {bar && !panel && <Bar />}
      <SelectionButton />
      <Peek />
      {panel && <Panel />}
      <Card />
      <p class="sr" role="status" aria-live="polite">
        {said}
      </p>
    </div>
  );
}

function Top() {
  const widget = useWidget();
  const { dark } = useView(widget);
  return (
    <div class={`app top${dark ? " dark" : ""}`} lang={widget.speech.locale}>
      <Bar />
    </div>
  );
}

export function draw(widget: Widget, into: ShadowRoot, bar: boolean): () => void {
  return mount(widget, into, <App bar={bar} />);
}

export function drawBar(widget: Widget, into: ShadowRoot): () => void {
  return mount(widget, into, <Top />);
}

function mount(widget: Widget, into: ShadowRoot, app: preact.ComponentChild): () => void {
  // Beside the boxes that the painter may put there.
  const place = document.createElement("div");
  into.append(place);
  render(<WidgetContext.Provider value={widget}>{app}</WidgetContext.Provider>, place);
  return () => {
    render(null, place);
    place.remove();
  };
}
