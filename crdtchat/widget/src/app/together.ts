/** What the widgets of a page know together, also those of another copy of the script. */

/** A widget, as the others know it. */
export interface Neighbour {
  layer: HTMLElement;
  /** Shows its discussions. */
  isBusy(): boolean;
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

const ECHO_MS = 2_000;

/** Whether another one has just said the same: what concerns several is heard once. */
export function isEcho(words: string, by: object): boolean {
  const { said } = together;
  const at = performance.now();
  if (said.words === words && said.by !== by && at - said.at < ECHO_MS) return true;
  together.said = { words, by, at };
  return false;
}
