/** The card beside the words: a discussion, or the first comment of a new one. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { focused, Whereabouts } from "../dom/focused";
import { NARROWEST, type Placement, placeCard } from "../dom/placement";
import { Composer } from "./composer";
import { useView, useWidget } from "./context";
import { isComposing, isWritingInPage, keepInside, toOpener, WayBack } from "./focus";
import { ThreadHead } from "./head";
import { Icon } from "./icons";
import { Quoted } from "./quoted";
import { ThreadView } from "./thread";

export function Card() {
  const widget = useWidget();
  const view = useView(widget);
  const { speech } = widget;
  // Before what is in it takes the focus, and what was in it before it loses that.
  const came = new Whereabouts();
  if (view.composing) {
    const { target, range, draft } = view.composing;
    return (
      <Frame
        key={draft}
        came={came}
        range={range}
        label={speech.text("newDiscussion")}
        onClose={() => widget.stopComposing()}
      >
        <div class="head">
          <h2>{speech.text("newDiscussion")}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label={speech.text("close")}
            title={speech.text("close")}
            onClick={() => widget.stopComposing()}
          >
            <Icon name="close" />
          </button>
        </div>
        <div class="thread">
          <div class="quote">
            <blockquote dir="auto">
              <Quoted target={target} />
            </blockquote>
          </div>
          <div class="foot">
            <Composer
              draftId={draft}
              about={{ target }}
              label={speech.text("write")}
              placeholder={speech.text("write")}
              action={speech.text("comment")}
              autofocus
              onSend={(text, done) => widget.writing.annotate(target, text, draft, done)}
              onCancel={() => {
                widget.discardDraft(draft);
                widget.stopComposing();
              }}
            />
          </div>
        </div>
      </Frame>
    );
  }
  const thread = view.active && !view.panel ? widget.threads.get(view.active) : undefined;
  if (!thread) return null;
  return (
    <Frame
      key={thread.aid}
      came={came}
      range={widget.canvas.rangeOf(thread.aid) ?? null}
      label={speech.text("discussion")}
      onClose={() => widget.close()}
    >
      <ThreadHead thread={thread} onClose={() => widget.close()} />
      <ThreadView thread={thread} autofocus={false} />
    </Frame>
  );
}

interface FrameProperties {
  /** Where the focus was when it was opened. */
  came: Whereabouts;
  range: Range | null;
  label: string;
  onClose(): void;
  children: ComponentChildren;
}

function Frame({ came, range, label, onClose, children }: FrameProperties) {
  const widget = useWidget();
  const card = useRef<HTMLElement>(null);
  const [place, setPlace] = useState<Placement | null>(null);
  const height = useRef(0);

  useLayoutEffect(() => {
    let frame = 0;
    const put = () => {
      frame = 0;
      const view = {
        left: 0,
        top: visualViewport?.offsetTop ?? 0,
        right: document.documentElement.clientWidth,
        bottom: (visualViewport?.offsetTop ?? 0) + (visualViewport?.height ?? innerHeight),
      };
      const column = widget.root.getBoundingClientRect();
      const words = range?.getBoundingClientRect() ?? column;
      // Placed by the height it opened with: when it grows it scrolls inside, it does not move.
      height.current ||= Math.max(card.current?.scrollHeight ?? 0, 220);
      setPlace(placeCard(words, column, view, height.current));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(put);
    };
    put();
    const closed = new AbortController();
    const options = { signal: closed.signal, passive: true, capture: true };
    addEventListener("scroll", soon, options);
    addEventListener("resize", soon, options);
    visualViewport?.addEventListener("resize", soon, options);
    return () => {
      closed.abort();
      cancelAnimationFrame(frame);
    };
  }, [range]);

  useLayoutEffect(() => {
    const box = card.current;
    const root = box?.getRootNode() as ShadowRoot;
    const isInside = root.activeElement && box?.contains(root.activeElement);
    const back = isInside ? new WayBack(root, came) : new WayBack(root);
    const staysInPage = isWritingInPage() && focused() === came.element;
    if (!isInside && !staysInPage) box?.focus({ preventScroll: true });
    return () => {
      back.close();
      if (back.isNeeded && !back.go()) toOpener(widget, root);
    };
  }, []);

  const style = place
    ? {
        left: `${place.left}px`,
        top: `${place.top}px`,
        width: `${place.width}px`,
        maxHeight: `${place.maxHeight}px`,
      }
    : { opacity: "0", width: `${NARROWEST}px` };
  return (
    <section
      ref={card}
      class={`card ${place?.side ?? ""}`}
      role="dialog"
      aria-label={label}
      tabindex={-1}
      style={style}
      onKeyDown={(event) => {
        keepInside(event);
        if (event.key !== "Escape" || isComposing(event)) return;
        onClose();
        // Nor does it close a dialog of the page.
        event.preventDefault();
      }}
    >
      {children}
    </section>
  );
}
