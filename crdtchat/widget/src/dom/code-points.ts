/** Offsets in UTF-16 units (the browser's) and in code points (the wire's), of one text. */
export class CodePoints {
  /** Offsets in units of the second half of every surrogate pair, ascending. */
  readonly #pairs: number[] = [];

  constructor(text: string) {
    for (const match of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) this.#pairs.push(match.index + 1);
  }

  toCp(u16: number): number {
    return u16 - below(this.#pairs, u16);
  }

  toU16(cp: number): number {
    // The n-th pair's second half lies at code point offset pairs[n] - n.
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#pairs[middle] as number) - middle <= cp) low = middle + 1;
      else high = middle;
    }
    return cp + low;
  }
}

/** How many of the ascending numbers are below the limit. */
export function below(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
