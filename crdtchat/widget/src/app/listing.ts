/** The discussions of the panel: filtered, searched, in the order of the text. */
import type { Thread } from "../model/threads";
import { FILTERS, type Filter } from "./filters";
import { mentions } from "./mentions";
import type { Stage } from "./stage";

export function passes(widget: Stage, thread: Thread, filter: Filter): boolean {
  const { me } = widget;
  switch (filter) {
    case "open":
      return !thread.state.resolved;
    case "resolved":
      return thread.state.resolved;
    case "mine":
      return thread.author === me || thread.comments.some((comment) => comment.author === me);
    case "mentions":
      return me !== "" && thread.comments.some((comment) => mentions(comment.text, me));
    case "orphaned":
      return widget.isOrphan(thread.aid);
    case "all":
      return true;
  }
}

export function counts(widget: Stage): Record<Filter, number> {
  const sums = { open: 0, resolved: 0, mine: 0, mentions: 0, orphaned: 0, all: 0 };
  for (const thread of widget.threads.all())
    for (const filter of FILTERS) if (passes(widget, thread, filter)) sums[filter]++;
  return sums;
}

/** Those without a place in the text come last. */
export function listed(widget: Stage): Thread[] {
  const { filter, query } = widget.view.value;
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = widget.threads.all().filter((thread) => {
    if (!passes(widget, thread, filter)) return false;
    if (words.length === 0) return true;
    const said = thread.comments.map((c) => `${c.text} ${widget.name(c.author)}`).join(" ");
    const text = `${thread.target.exact} ${said}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
  const order = new Map(found.map((thread) => [thread.aid, position(widget, thread)]));
  const at = (thread: Thread) => order.get(thread.aid) as number;
  // Where places are equal the order is that of the threads: of when they were made.
  return found.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
}

function position(widget: Stage, { aid, target }: Thread): number {
  if (widget.host?.textless) return target.startCp;
  const place = widget.place(aid)?.place;
  return !place || place.state === "orphaned" ? Number.POSITIVE_INFINITY : place.startCp;
}
