import type { Operation, Records } from "./intents";
import { type Plain, type Root, readComment } from "./schema";

/** The server takes what is dated up to five minutes ahead of it; a little less allows for the way of a message. */
const TAKEN_MS = 290_000;

/** Where the values of each root hold times. */
const TIMES: Partial<Record<Root, number[]>> = { a: [1], c: [1, 3], s: [2], d: [1], t: [1], m: [2] };

/**
 * Leaves no time in an operation that the server would refuse, and close the connection over: what was written
 * before the clock was known to be ahead is dated now. `written`: what is written already; `now`: the server's time.
 */
export function redate(operation: Operation, written: Records, now: number): void {
  for (const { root, key, value } of operation.intents) {
    const times = TIMES[root];
    if (!times || !Array.isArray(value)) continue;
    for (const place of times) {
      if (Number(value[place] ?? 0) <= now + TAKEN_MS) continue;
      value[place] = now;
      operation.redated = true;
    }
    // A comment that is edited was dated anew as well, and its time never changes.
    const before = root === "c" ? readComment(written.get(root, key)) : undefined;
    if (before) (value as Plain[])[1] = before.created;
  }
}
