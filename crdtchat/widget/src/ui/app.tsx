import { render } from "preact";
import type { Widget } from "../app/widget";
import { Attaching } from "./attaching";
import { Bar } from "./bar";
import { Card } from "./card";
import { useView, useWidget, WidgetContext } from "./context";
import { Peek, SelectionButton } from "./floating";
import { Panel } from "./panel";

/** What is drawn over the page; a host may have a place of its own for the panel. */
interface Layers {
  bar: boolean;
  panel: boolean;
}

function App({ bar, panel: own }: Layers) {
  const widget = useWidget();
  const { dark, panel, said, notice, attaching } = useView(widget);
  return (
    <div
      class={`app${dark ? " dark" : ""}${panel && own ? " with-panel" : ""}`}
      lang={widget.speech.locale}
      dir="ltr"
    >
      {bar && !panel && !attaching && <Bar />}
      <Attaching />
      <SelectionButton />
      <Peek />
      {panel && own && <Panel />}
      <Card />
      {notice && (
        <p class="notice" aria-hidden="true">
          {notice}
        </p>
      )}
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
    <div class={`app top${dark ? " dark" : ""}`} lang={widget.speech.locale} dir="ltr">
      <Bar />
    </div>
  );
}

function Docked() {
  const widget = useWidget();
  const { dark, panel } = useView(widget);
  return (
    <div class={`app docked${dark ? " dark" : ""}`} lang={widget.speech.locale} dir="ltr">
      {/* Not while its host hides it, and anew each time it is shown: then nothing has to hold still in it. */}
      {panel && <Panel />}
    </div>
  );
}

export function draw(widget: Widget, into: ShadowRoot, layers: Layers): () => void {
  return mount(widget, into, <App {...layers} />);
}

export function drawPanel(widget: Widget, into: ShadowRoot): () => void {
  return mount(widget, into, <Docked />);
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
