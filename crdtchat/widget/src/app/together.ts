/** What the widgets of a page know together, also those of another copy of the script. */

/** Of a discussion: not on the page, there and its words looked for, without them, or with them; or nobody knows yet. */
export type Known = "gone" | "pending" | "lost" | "here" | "unknown";

/** A widget, as the others know it. */
export interface Neighbour {
  layer: HTMLElement;
  /** Shows its discussions. */
  isBusy(): boolean;
  knows(aid: string): Known;
}

interface Together {
  /** The one that was used last comes first. */
  neighbours: Neighbour[];
  /** The last shortcut that one of them followed. */
  followed: KeyboardEvent | null;
  said: { words: string; by: object | null; at: number };
}

const NAME = Symbol.for("crdtchat");
const page = globalThis as unknown as { [NAME]?: Together };
page[NAME] ??= { neighbours: [], followed: null, said: { words: "", by: null, at: 0 } };
export const together: Together = page[NAME];

/** What those know of a discussion that are shown. */
export function known(aid: string): Known[] {
  return together.neighbours.filter(({ layer }) => !layer.hidden).map((one) => one.knows(aid));
}

const ECHO_MS = 2_000;

/** Whether another one has just said the same: what concerns several is heard once. */
export function isEcho(words: string, by: object): boolean {
  const { said } = together;
  const at = performance.now();
  if (said.words === words && said.by !== by && at - said.at < ECHO_MS) return true;
  together.said = { words, by, at };
  return false;
}
