/** An annotation's passage, cut into tokens as the page is. */
import { CpText, cpLength } from "./cp-text";
import type { PageIndex } from "./page-index";
import type { Selectors } from "./selectors";
import { glue, isWord, type Tokens, tokenize } from "./tokens";

/** Factors by which tokens count: those of the quote, of its neighbourhood, of the rest. */
const IN_QUOTE = 2;
const NEAR = 2;
const FAR = 1;
/** How many tokens on each side are the neighbourhood. */
export const NEAR_TOKENS = 8;

/** Prefix, quote and suffix as one row of tokens; the quote is tokens `first` to `last` - 1. */
export interface Query {
  passage: CpText;
  quoteStartCp: number;
  quoteEndCp: number;
  tokens: Tokens;
  first: number;
  last: number;
  ids: number[];
  stems: number[];
  weights: number[];
  gains: number[];
  /** For signs 1 if the next token touches them, else 0; -1 for words and for the last token. */
  glued: number[];
  /** Offset in the page's old text of the passage's begin. */
  originCp: number;
  /** Whether the quote began, or ended, its text: nothing was before it, or after it. */
  atStart: boolean;
  atEnd: boolean;
}

/**
 * The query for `passage`, which starts at `originCp` of the old text and holds the quote. `whole`
 * says that the passage was cut from the old text itself at word edges or its ends; else its
 * outermost words may be fragments, and are left out.
 */
export function makeQuery(
  index: PageIndex,
  selectors: Selectors,
  passageText: string,
  originCp: number,
  whole: boolean,
): Query {
  const passage = new CpText(passageText);
  const prefixCp = cpLength(selectors.prefix);
  const quoteStart = whole ? selectors.startCp - originCp : prefixCp;
  const quoteEnd = quoteStart + cpLength(selectors.exact);
  let tokens = tokenize(passage, index.cache);
  const size = tokens.folds.length;
  let first = 0;
  while (first < size && tokens.ends[first]! <= quoteStart) first += 1;
  let last = first;
  while (last < size && tokens.starts[last]! < quoteEnd) last += 1;
  let low = 0;
  let high = size;
  if (!whole) {
    const cutLeft = selectors.startCp > prefixCp;
    if (first > 1 && cutLeft && tokens.starts[0] === 0 && isWord(tokens.folds[0]!)) low = 1;
    if (last < size - 1 && tokens.ends[size - 1] === passage.length && isWord(tokens.folds[size - 1]!)) {
      high = size - 1;
    }
  }
  if (low > 0 || high < size) {
    tokens = {
      starts: tokens.starts.slice(low, high),
      ends: tokens.ends.slice(low, high),
      folds: tokens.folds.slice(low, high),
    };
    first -= low;
    last -= low;
  }
  const weights = tokens.folds.map((folded) => index.weight(folded));
  const touching = glue(tokens);
  const gains = weights.map((weight, at) => {
    if (first <= at && at < last) return weight * IN_QUOTE;
    if (first - NEAR_TOKENS <= at && at < last + NEAR_TOKENS) return weight * NEAR;
    return weight * FAR;
  });
  return {
    passage,
    quoteStartCp: quoteStart,
    quoteEndCp: quoteEnd,
    tokens,
    first,
    last,
    ids: tokens.folds.map((folded) => index.number(folded)),
    stems: tokens.folds.map((folded) => index.stemNumber(folded)),
    weights,
    gains,
    glued: tokens.folds.map((folded, at) =>
      isWord(folded) || at === tokens.folds.length - 1 ? -1 : touching[at]!,
    ),
    originCp,
    atStart: selectors.startCp === 0,
    atEnd: selectors.suffix === "",
  };
}
