/**
 * Formulas in Markdown, as notebooks write them: $…$, $$…$$, \(…\) and \[…\]. Only told apart from the text around
 * them here, so that Markdown leaves them alone; what draws them is the host.
 *
 * "$5 and $6" is no formula: the first dollar touches what follows it, the last one what is before it, and no digit
 * comes after (the rule of Pandoc's tex_math_dollars).
 */
import type { Tokens } from "marked";

export interface MathToken extends Tokens.Generic {
  type: "math";
  tex: string;
  /** On a line of its own. */
  display: boolean;
}

const DISPLAY = /^(?:\$\$((?:\\.|[^\\$])+)\$\$|\\\[((?:(?!\\\]).)+)\\\])/s;
const INLINE = /^(?:\$((?:\\.|[^\\$])+)\$(?!\d)|\\\(((?:(?!\\\)).)+)\\\))/s;
const BEGINS = /\$|\\[([]/;
const EMPTY_LINE = /\n[ \t]*\n/;

const display = (source: string) => token(DISPLAY.exec(source), true);

const inline = (source: string) => {
  const found = token(INLINE.exec(source), false);
  return found?.raw.startsWith("$") && found.tex !== found.tex.trim() ? undefined : found;
};

/** A formula that begins a line and ends one: nothing in it is a list or a heading. */
const block = (source: string) => {
  const found = display(source);
  const rest = found && /^[ \t]*(?:\n+|$)/.exec(source.slice(found.raw.length));
  return found && rest ? { ...found, raw: found.raw + rest[0] } : undefined;
};

function token(found: RegExpExecArray | null, isDisplay: boolean): MathToken | undefined {
  const tex = found?.[1] ?? found?.[2] ?? "";
  if (!found || tex.trim() === "" || EMPTY_LINE.test(tex)) return undefined;
  return { type: "math", raw: found[0], tex, display: isDisplay };
}

/** What marked's lexer takes. */
export const MATH = {
  renderers: {},
  childTokens: {},
  block: [block],
  inline: [display, inline],
  startBlock: [(source: string) => source.search(/\n(?:\$\$|\\\[)/) + 1 || -1],
  startInline: [(source: string) => source.search(BEGINS)],
};

export const isMath = (token: { type: string }): token is MathToken => token.type === "math";
