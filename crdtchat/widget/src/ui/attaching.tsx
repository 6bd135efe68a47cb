/** Over the page while the words for a discussion are chosen. */
import { useView, useWidget } from "./context";
import { Icon } from "./icons";
import { Quoted } from "./quoted";

export function Attaching() {
  const widget = useWidget();
  const { attaching } = useView(widget);
  const { speech } = widget;
  const thread = attaching && widget.threads.get(attaching.aid);
  if (!thread) return null;
  return (
    <section class="attaching" aria-label={speech.text("attachTitle")}>
      <Icon name="attach" />
      <div>
        <b>{speech.text("attachTitle")}</b>
        <q dir="auto">
          <Quoted target={thread.target} />
        </q>
      </div>
      <button type="button" class="quiet" onClick={() => widget.attaching.cancel()}>
        {speech.text("cancel")}
      </button>
    </section>
  );
}
