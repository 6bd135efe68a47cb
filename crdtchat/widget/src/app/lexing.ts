/**
 * Markdown into tokens, at a cost that whoever writes a comment cannot drive up: what somebody else's browser would be
 * busy with for seconds is read as the text that was typed.
 */
import { Lexer, type MarkedOptions, type Token, Tokenizer, type Tokens, type TokensList } from "marked";

/** Nobody writes so deep, and whoever does would make every reader's browser run out of stack. */
export const DEEPEST = 24;
/** Quotes and lists within each other. */
const DEEPEST_BLOCKS = 250;
/** Characters that are looked through in vain for the ends of emphasis: those of one comment, forty times. */
const LOOKED_THROUGH = 400_000;

/** Signs that might begin emphasis and end none are looked up again and again, each to the end of the text. */
class SparingTokenizer extends Tokenizer {
  #left = LOOKED_THROUGH;

  override emStrong(source: string, masked: string, before: string): Tokens.Em | Tokens.Strong | undefined {
    return this.#sparingly("*_", source, () => super.emStrong(source, masked, before));
  }

  override del(source: string, masked: string, before: string): Tokens.Del | undefined {
    return this.#sparingly("~", source, () => super.del(source, masked, before));
  }

  #sparingly<T>(signs: string, source: string, look: () => T | undefined): T | undefined {
    if (!signs.includes(source.charAt(0)) || this.#left <= 0) return undefined;
    const found = look();
    if (found === undefined) this.#left -= source.length;
    return found;
  }
}

class BoundedLexer extends Lexer {
  #inline = 0;
  #blocks = 0;

  constructor(options: MarkedOptions) {
    const tokenizer = new SparingTokenizer();
    super({ ...options, tokenizer });
    const { rules } = tokenizer;
    // It only keeps emphasis from ending within `[words][name]`, and takes a minute for ten thousand brackets.
    tokenizer.rules = { ...rules, inline: { ...rules.inline, reflinkSearch: /(?!)/g } };
  }

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if (this.#inline > DEEPEST) {
      tokens.push({ type: "text", raw: source, text: source });
      return tokens;
    }
    this.#inline += 1;
    try {
      return super.inlineTokens(source, tokens);
    } finally {
      this.#inline -= 1;
    }
  }

  override blockTokens(source: string, tokens?: Token[], clipped?: boolean): TokensList {
    if (this.#blocks > DEEPEST_BLOCKS) throw new RangeError("nested too deep");
    this.#blocks += 1;
    try {
      return super.blockTokens(source, tokens, clipped) as TokensList;
    } finally {
      this.#blocks -= 1;
    }
  }
}

/** Null for what is nested too deep to be read. */
export function lex(text: string, options: MarkedOptions): Token[] | null {
  try {
    return new BoundedLexer(options).lex(text);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
