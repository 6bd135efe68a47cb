import { CpText } from "./cp-text";

/** Code points of context kept on each side of the quote. */
export const CONTEXT_CP = 128;

/**
 * A quote, its surroundings and its offsets, in code points: TextQuoteSelector and
 * TextPositionSelector (W3C Web Annotation Data Model, sections 4.2.4 and 4.2.5). The start is
 * included, the end is not; offsets are read as a hint only.
 */
export interface Selectors {
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly startCp: number;
  readonly endCp: number;
}

/**
 * The selectors of a range of the text, with `contextCp` code points on each side.
 * Throws a RangeError if the range does not lie inside the text.
 */
export function describe(
  text: string | CpText,
  startCp: number,
  endCp: number,
  contextCp: number = CONTEXT_CP,
): Selectors {
  const whole = typeof text === "string" ? new CpText(text) : text;
  if (!(startCp >= 0 && startCp <= endCp && endCp <= whole.length)) {
    throw new RangeError(`range ${startCp}..${endCp} is not inside a text of ${whole.length}`);
  }
  return {
    exact: whole.slice(startCp, endCp),
    prefix: whole.slice(startCp - contextCp, startCp),
    suffix: whole.slice(endCp, endCp + contextCp),
    startCp,
    endCp,
  };
}
