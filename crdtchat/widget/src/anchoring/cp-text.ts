/** A text addressed by code points, as the wire and the Python twin do. */
export class CpText {
  readonly text: string;
  /** Length in code points. */
  readonly length: number;
  /** Code point offset to UTF-16 offset and back; null where they are the same. */
  readonly #toU16: Uint32Array | null;
  readonly #toCp: Uint32Array | null;

  constructor(text: string) {
    this.text = text;
    if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) {
      this.#toU16 = null;
      this.#toCp = null;
      this.length = text.length;
      return;
    }
    const toU16 = new Uint32Array(text.length + 1);
    const toCp = new Uint32Array(text.length + 1);
    let cp = 0;
    let u16 = 0;
    while (u16 < text.length) {
      toU16[cp] = u16;
      toCp[u16] = cp;
      u16 += 1;
      if (isPair(text, u16 - 1)) {
        toCp[u16] = cp;
        u16 += 1;
      }
      cp += 1;
    }
    toU16[cp] = u16;
    toCp[u16] = cp;
    this.#toU16 = toU16;
    this.#toCp = toCp;
    this.length = cp;
  }

  u16(cp: number): number {
    return this.#toU16 === null ? cp : this.#toU16[cp]!;
  }

  cp(u16: number): number {
    return this.#toCp === null ? u16 : this.#toCp[u16]!;
  }

  slice(startCp: number, endCp: number): string {
    const length = this.length;
    const start = Math.min(Math.max(0, startCp), length);
    const end = Math.min(Math.max(start, endCp), length);
    return this.text.slice(this.u16(start), this.u16(end));
  }

  codeAt(cp: number): number {
    return this.text.codePointAt(this.u16(cp))!;
  }

  startsWith(wanted: string, atCp: number): boolean {
    return atCp >= 0 && atCp <= this.length && this.text.startsWith(wanted, this.u16(atCp));
  }

  /** Where `wanted` stands if it stands there once, in code points, else -1. */
  onlyPlace(wanted: string): number {
    const found = this.text.indexOf(wanted);
    if (found < 0 || this.text.indexOf(wanted, found + 1) >= 0) return -1;
    return this.cp(found);
  }
}

function isPair(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  if (first < 0xd800 || first > 0xdbff) return false;
  const second = text.charCodeAt(at + 1);
  return second >= 0xdc00 && second <= 0xdfff;
}

/** The length of a short text in code points. */
export function cpLength(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    if (isPair(text, at)) {
      length -= 1;
      at += 1;
    }
  }
  return length;
}

/** The code points of a short text. */
export function codePoints(text: string): number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at)!;
    codes.push(code);
    if (code > 0xffff) at += 1;
  }
  return codes;
}
