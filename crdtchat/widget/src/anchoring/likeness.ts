/** How alike two short texts are, character by character. */
import { codePoints } from "./cp-text";

/** Above this many cells the comparison would take too long; callers fall back to tokens. */
const MOST_CELLS = 4_000_000;

/** The length of the longest common subsequence, null if that would cost too much. */
export function commonCharacters(first: readonly number[], second: readonly number[]): number | null {
  let head = 0;
  const limit = Math.min(first.length, second.length);
  while (head < limit && first[head] === second[head]) head += 1;
  let tail = 0;
  while (tail < limit - head && first[first.length - 1 - tail] === second[second.length - 1 - tail]) tail += 1;
  const rows = first.length - head - tail;
  const width = second.length - head - tail;
  if (rows * width > MOST_CELLS) return null;
  if (rows === 0 || width === 0) return head + tail;
  const best = new Int32Array(width + 1);
  for (let row = 0; row < rows; row += 1) {
    const code = first[head + row]!;
    let diagonal = 0;
    let left = 0;
    for (let column = 0; column < width; column += 1) {
      const above = best[column + 1]!;
      left = code === second[head + column] ? diagonal + 1 : above > left ? above : left;
      best[column + 1] = left;
      diagonal = above;
    }
  }
  return head + tail + best[width]!;
}

/** Twice the common characters over all characters, 1 for two empty texts. */
export function likeness(first: string, second: string): number | null {
  const one = codePoints(first);
  const two = codePoints(second);
  const total = one.length + two.length;
  if (total === 0) return 1;
  const common = commonCharacters(one, two);
  return common === null ? null : (2 * common) / total;
}
