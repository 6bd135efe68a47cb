/** The parts of a notebook as targets name them: `cell=ID`, or `cell=ID&output=NUMBER` from 0. */
import type { Target } from "./schema";

export function partName(cell: string, output?: number): string {
  return `cell=${cell}${output === undefined ? "" : `&output=${output}`}`;
}

/** Empty if it names no cell. */
export const cellOf = (part: string): string => /(?:^|&)cell=([^&]*)/.exec(part)?.[1] ?? "";

/** Undefined if it names no output. */
export function outputOf(part: string): number | undefined {
  const output = /(?:^|&)output=(\d+)/.exec(part)?.[1];
  return output === undefined ? undefined : Number(output);
}

/** Whether a target may be about words in an output, or about others: what was printed is not what prints it. */
export function mayBeIn({ kind }: Target, isOutput: boolean): boolean {
  return kind === "text" || kind === "cell" || (kind === "output") === isOutput;
}
