/** What a discussion is about, and honestly: the same words, changed ones, a suggestion, or none any more. */
import { compareWords, type Part, sameWords, shorten } from "../app/wording";
import type { Target } from "../model/schema";
import type { Thread } from "../model/threads";
import { useWidget } from "./context";
import { toScroll } from "./focus";
import { Icon } from "./icons";
import { Quoted } from "./quoted";

const CONTEXT_CP = 48;

export function AnchorState({ thread }: { thread: Thread }) {
  const widget = useWidget();
  const { speech, attaching } = widget;
  const { aid, madeOn, target, attached } = thread;
  const state = widget.place(aid)?.place.state;
  const may = attaching.may(thread);
  const author = { name: widget.name(thread.author) };
  const now = widget.canvas.marks.words(aid);
  const suggestion = widget.canvas.marks.suggestion(aid);
  const whole = Boolean(widget.place(aid)?.place.whole);
  const found = !whole && (state === "exact" || state === "moved" || state === "changed");
  return (
    <div class={`quote ${state ?? ""}`}>
      {state === "orphaned" && (
        <>
          <p class="hint">{speech.text("orphanedHint")}</p>
          <Remembered target={target} />
          {may ? (
            <button type="button" class="primary" onClick={() => attaching.start(aid)}>
              {speech.text("attachAgain")}
            </button>
          ) : (
            <p class="hint">{speech.text("whoAttaches", author)}</p>
          )}
        </>
      )}
      {state === "unsure" && suggestion && (
        <>
          <p class="hint">{speech.text("unsureHint")}</p>
          <Compare before={madeOn.exact} now={now} suggested />
          <div class="actions">
            {may && (
              <>
                <button
                  type="button"
                  class="primary"
                  onClick={(event) => {
                    toScroll(event.currentTarget);
                    attaching.confirm(thread);
                  }}
                >
                  {speech.text("confirmPlace")}
                </button>
                <button
                  type="button"
                  class="quiet"
                  onClick={(event) => {
                    toScroll(event.currentTarget);
                    attaching.decline(aid);
                  }}
                >
                  {speech.text("declinePlace")}
                </button>
              </>
            )}
            <button type="button" class="quiet" onClick={() => attaching.show(aid)}>
              {speech.text("showPlace")}
            </button>
          </div>
          {!may && <p class="hint">{speech.text("whoConfirms", author)}</p>}
        </>
      )}
      {found && !sameWords(madeOn.exact, now) && (
        <>
          {!attached || attached.followed ? (
            <p class="hint">{speech.text("changedHint")}</p>
          ) : (
            <Attached thread={thread} />
          )}
          <Compare before={madeOn.exact} now={now} />
        </>
      )}
      {(!state || whole || (found && sameWords(madeOn.exact, now))) && (
        <blockquote dir="auto">
          <Quoted target={state ? madeOn : target} />
        </blockquote>
      )}
      {found && may && <Elsewhere aid={aid} />}
    </div>
  );
}

function Attached({ thread: { attached } }: { thread: Thread }) {
  const widget = useWidget();
  const { speech } = widget;
  if (!attached) return null;
  const time = speech.ago(attached.at, Date.now());
  return <p class="hint">{speech.text("attachedBy", { name: widget.name(attached.by), time })}</p>;
}

function Elsewhere({ aid }: { aid: string }) {
  const { speech, attaching } = useWidget();
  const label = speech.text("attachElsewhere");
  return (
    <button
      type="button"
      class="icon-button elsewhere"
      aria-label={label}
      title={label}
      onClick={() => attaching.start(aid)}
    >
      <Icon name="attach" />
    </button>
  );
}

/** The words that are gone, among those that stood around them. */
function Remembered({ target }: { target: Target }) {
  const { prefix, suffix } = target;
  return (
    <blockquote dir="auto">
      {shorten(prefix, 0, CONTEXT_CP).trimStart()}
      <b>
        <Quoted target={target} />
      </b>
      {shorten(suffix, CONTEXT_CP, 0).trimEnd()}
    </blockquote>
  );
}

function Compare({ before, now, suggested = false }: { before: string; now: string; suggested?: boolean }) {
  const { speech } = useWidget();
  const compared = compareWords(before, now);
  return (
    <dl class="compare">
      <div>
        <dt>{speech.text("wordsBefore")}</dt>
        <dd dir="auto">{compared.before.map((part) => wording(part, "del"))}</dd>
      </div>
      <div class={suggested ? "suggested" : ""}>
        <dt>{speech.text(suggested ? "wordsSuggested" : "wordsNow")}</dt>
        <dd dir="auto">{compared.now.map((part) => wording(part, "ins"))}</dd>
      </div>
    </dl>
  );
}

function wording({ text, other }: Part, Tag: "ins" | "del") {
  return other ? <Tag>{text}</Tag> : text;
}
