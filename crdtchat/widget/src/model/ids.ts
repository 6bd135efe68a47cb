/**
 * Ids of records and operations.
 *
 * A comment's id starts with its time, so that a deleted comment can keep its place among the others: the
 * tombstone holds who deleted it and when, and the content behind it is gone.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TIME_DIGITS = 8;
const EARLIEST = Date.UTC(2024, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

export type RandomBytes = (count: number) => Uint8Array;

export const secureBytes: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

function letters(count: number, random: RandomBytes): string {
  let text = "";
  for (const byte of random(count)) text += ALPHABET[byte & 63];
  return text;
}

/** 72 random bits: two people never take the same id. */
export function newAnnotationId(random: RandomBytes = secureBytes): string {
  return letters(12, random);
}

export function newCommentId(now: number, random: RandomBytes = secureBytes): string {
  let time = "";
  for (let rest = now, i = 0; i < TIME_DIGITS; i++) {
    time = ALPHABET[rest % 64] + time;
    rest = Math.floor(rest / 64);
  }
  return time + letters(6, random);
}

/** The time inside a comment id, or undefined for an id that another client made up otherwise. */
export function timeOfCommentId(cid: string): number | undefined {
  if (cid.length !== TIME_DIGITS + 6) return undefined;
  let time = 0;
  for (const letter of cid.slice(0, TIME_DIGITS)) time = time * 64 + ALPHABET.indexOf(letter);
  return time >= EARLIEST && time < LATEST ? time : undefined;
}

/** A version 4 UUID as 16 bytes: the broadcastId of an operation. */
export function newBroadcastId(random: RandomBytes = secureBytes): Uint8Array {
  const bytes = Uint8Array.from(random(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
