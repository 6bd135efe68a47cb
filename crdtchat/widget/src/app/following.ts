/**
 * Small edits of a page must not add up until nothing is found any more. So where words were found for sure
 * although the text around them has changed, what is stored about them is renewed: by somebody who may, once
 * the page has come to rest, and by one tab only. What a browser translates for one reader is no edit.
 */
import { idle } from "../dom/idle";
import { Actions } from "../model/actions";
import type { Target } from "../model/schema";
import type { Thread } from "../model/threads";
import type { Session } from "../sync/session";
import { isWhole } from "./canvas";
import type { Stage } from "./stage";

const REST_MS = 5_000;
/** The author goes first; moderators wait to see whether that was enough. */
const MODERATOR_WAIT_MS = 60_000;
/** Where two people are served different texts, they do not renew each other's work all day. */
const SELDOM_MS = 600_000;
/** The nearest context, in code points, that is as good as all of it. */
const NEAR_CP = 64;
/** How sure a place must be before it is stored. */
const SURE = 0.99;
const AT_ONCE = 16;
const ANSWER_MS = 10_000;

export class Following {
  /** Since when the text is what it is, by the server's clock. */
  #textSince: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** Of the page, when it was looked at first. */
  #language: string | undefined;

  constructor(
    private readonly widget: Stage,
    private readonly session: Session,
  ) {
    this.#textSince = session.now();
    session.on("status", ({ link }) => link === "live" && this.soon());
  }

  textChanged(): void {
    this.#textSince = this.session.now();
    this.soon();
  }

  /** The page may have changed since the discussions were made: looks when it has come to rest. */
  soon(): void {
    clearTimeout(this.#timer);
    const moderates = this.widget.canModerate ? Math.random() * MODERATOR_WAIT_MS : 0;
    this.#timer = setTimeout(() => void this.#look(), REST_MS + moderates);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Browsers say of the page that it is in another language then; Chromium also where it is so from the beginning. */
  #isTranslated(): boolean {
    const { lang, className } = document.documentElement;
    this.#language ??= lang;
    return lang !== this.#language || /\btranslated-(ltr|rtl)\b/.test(className);
  }

  async #look(): Promise<void> {
    const { widget, session } = this;
    const isTranslated = this.#isTranslated();
    if (session.status.link !== "live" || widget.readonly || !widget.known || isTranslated) return;
    await widget.canvas.text.name();
    await session.alone("follow", async () => {
      const changed = await this.#changed();
      if (changed.length === 0) return;
      const operation = new Actions(widget.me, () => session.now()).follow(changed);
      const answered = this.#answered(operation.broadcastId);
      widget.submit(operation);
      await answered;
      this.soon();
    });
  }

  /** A few of the discussions whose words were found for sure among other words than are stored. */
  async #changed(): Promise<[Thread, Target][]> {
    const { widget } = this;
    const changed: [Thread, Target][] = [];
    const text = this.#textSince;
    let until = await idle();
    for (const thread of widget.threads.all()) {
      if (changed.length === AT_ONCE) break;
      if (performance.now() > until) until = await idle();
      // Edited meanwhile: what was found was found in another text.
      if (this.#textSince !== text || this.#closed) return [];
      const place = widget.place(thread.aid)?.place;
      if (!place || place.score < SURE || !["exact", "moved", "changed"].includes(place.state)) continue;
      if (isWhole(thread.target) || !widget.attaching.may(thread) || !this.#isDue(thread)) continue;
      const target = widget.target(place);
      if (differs(thread.target, target) && differs(thread.madeOn, target)) changed.push([thread, target]);
    }
    return changed;
  }

  /** What was stored after this text came is newer than it; and what was renewed a moment ago can wait. */
  #isDue({ created, attached }: Thread): boolean {
    const wait = attached?.followed ? SELDOM_MS : 0;
    return (attached?.at ?? created) + wait < this.#textSince;
  }

  #answered(broadcastId: string): Promise<void> {
    return new Promise((resolve) => {
      const off = [
        this.session.on("settled", (operation) => operation.broadcastId === broadcastId && done()),
        this.session.on("rejected", ({ operation }) => operation.broadcastId === broadcastId && done()),
      ];
      const timer = setTimeout(() => done(), ANSWER_MS);
      const done = () => {
        clearTimeout(timer);
        for (const one of off) one();
        resolve();
      };
    });
  }
}

/** Whether other words stand there, or other words near them. */
export function differs(stored: Target, found: Target): boolean {
  if (stored.exact !== found.exact) return true;
  const before = near(stored.prefix, -1) !== near(found.prefix, -1);
  return before || near(stored.suffix, 1) !== near(found.suffix, 1);
}

function near(context: string, side: 1 | -1): string {
  const points = Array.from(context);
  return points.slice(...(side > 0 ? [0, NEAR_CP] : [-NEAR_CP])).join("");
}
