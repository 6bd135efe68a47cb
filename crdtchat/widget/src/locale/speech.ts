/** Texts, numbers and times in the reader's language. */
import type { Catalogue, PluralKey, TextKey } from "./catalogue";
import { en } from "./en";
import { pl } from "./pl";

const CATALOGUES: Record<string, Catalogue> = { en, pl };

export type Parameters = Record<string, string | number>;

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const RELATIVE_FOR_MS = 6 * 86_400_000;

export class Speech {
  readonly locale: string;
  readonly #texts: Catalogue;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;
  readonly #list: Intl.ListFormat;

  constructor(wanted: readonly string[]) {
    const found = wanted.find((tag) => language(tag) in CATALOGUES) ?? "en";
    this.#texts = CATALOGUES[language(found)] as Catalogue;
    this.locale = valid(found) ? found.replace("_", "-") : language(found);
    this.#plural = new Intl.PluralRules(this.locale);
    this.#number = new Intl.NumberFormat(this.locale);
    this.#relative = new Intl.RelativeTimeFormat(this.locale, { numeric: "auto", style: "short" });
    this.#date = new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short", year: "numeric" });
    this.#full = new Intl.DateTimeFormat(this.locale, { dateStyle: "full", timeStyle: "short" });
    this.#list = new Intl.ListFormat(this.locale, { style: "long", type: "conjunction" });
  }

  text(key: TextKey, parameters: Parameters = {}): string {
    return fill(this.#texts[key], parameters);
  }

  count(key: PluralKey, n: number, parameters: Parameters = {}): string {
    const forms = this.#texts[key];
    const form = forms[this.#plural.select(n)] ?? forms.other;
    return fill(form, { n: this.#number.format(n), ...parameters });
  }

  /** The words for a reject code; codes of newer servers have a general one. */
  reason(code: string): string {
    const key = `reason.${code}` as TextKey;
    return this.text(key in this.#texts ? key : "reason.other");
  }

  list(items: string[]): string {
    return this.#list.format(items);
  }

  /** "5 min. ago" for what is recent, the date for what is not. */
  ago(time: number, now: number): string {
    const past = time - now;
    if (Math.abs(past) > RELATIVE_FOR_MS) return this.#date.format(time);
    for (const [unit, length] of UNITS)
      if (Math.abs(past) >= length) return this.#relative.format(Math.round(past / length), unit);
    return this.#relative.format(0, "second");
  }

  full(time: number): string {
    return this.#full.format(time);
  }
}

const language = (tag: string): string => tag.toLowerCase().split(/[-_]/)[0] as string;

function valid(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag.replace("_", "-")).length > 0;
  } catch {
    return false;
  }
}

function fill(text: string, parameters: Parameters): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}
