/**
 * Local alignment of a query with windows of the page, with affine gaps. All arithmetic is on
 * integers, so that both twins find the same alignment and not merely one of the same worth.
 */
import type { Window } from "./candidates";
import type { PageIndex } from "./page-index";
import type { Query } from "./query";

const MISMATCH = -8;
const GAP_OPEN = 10;
const GAP_EXTEND = 1;
/**
 * Words inserted inside the quote cost more than words inserted beside it, so that of two equal
 * ways the quote stays together.
 */
const GAP_OPEN_INSIDE = 16;
const GAP_EXTEND_INSIDE = 2;
const FLOOR = -(1 << 28);

/**
 * Which page token each token of the query is paired with (-1: none), and the gain. `partial`
 * tells the pairs that share a stem only.
 */
export interface Alignment {
  pages: number[];
  partial: boolean[];
  gain: number;
}

/** The best local alignment of the query in one window; page tokens in `barred` match nothing. */
export function align(index: PageIndex, query: Query, window: Window, barred: Window = [0, 0]): Alignment {
  const rows = query.ids.length;
  const [low, high] = window;
  const width = high - low;
  const stride = width + 1;
  const best = new Int32Array((rows + 1) * stride);
  const above = new Int32Array((rows + 1) * stride).fill(FLOOR, 0, stride);
  const left = new Int32Array(rows * width);
  // 0: begin, 1: pair, 2: query token unpaired, 3: page token unpaired
  const ways = new Uint8Array(rows * width);
  const pairs = new Int32Array(rows * width);
  const ids = index.ids.slice(low, high);
  const stems = index.stemIds.slice(low, high);
  for (let at = Math.max(low, barred[0]); at < Math.min(high, barred[1]); at += 1) {
    ids[at - low] = -3;
    stems[at - low] = -3;
  }
  let gain = 0;
  let peakRow = 0;
  let peakColumn = 0;
  for (let row = 0; row < rows; row += 1) {
    const inside = row >= query.first && row < query.last - 1;
    const opening = inside ? GAP_OPEN_INSIDE : GAP_OPEN;
    const step = inside ? GAP_EXTEND_INSIDE : GAP_EXTEND;
    const wanted = query.ids[row]!;
    const wantedStem = query.stems[row]!;
    const full = query.gains[row]!;
    const third = Math.floor(full / 3);
    const before = row * stride;
    const now = before + stride;
    let horizontal = -opening;
    for (let column = 0; column < width; column += 1) {
      const cell = row * width + column;
      const pair =
        wanted >= 0 && ids[column] === wanted
          ? full
          : wantedStem >= 0 && stems[column] === wantedStem
            ? third
            : MISMATCH;
      pairs[cell] = pair;
      const diagonal = best[before + column]! + pair;
      const vertical = Math.max(
        above[before + column + 1]! - GAP_EXTEND,
        best[before + column + 1]! - GAP_OPEN,
      );
      above[now + column + 1] = vertical;
      const fresh = Math.max(diagonal, vertical, 0);
      left[cell] = horizontal;
      const here = Math.max(fresh, horizontal);
      best[now + column + 1] = here;
      ways[cell] = here === 0 ? 0 : here !== fresh ? 3 : here === diagonal ? 1 : 2;
      if (here > gain) {
        gain = here;
        peakRow = row;
        peakColumn = column;
      }
      horizontal = column === 0 ? fresh - opening : Math.max(horizontal - step, fresh - opening);
    }
  }
  const pages = new Array<number>(rows).fill(-1);
  const partial = new Array<boolean>(rows).fill(false);
  let row = peakRow;
  let column = peakColumn;
  while (gain > 0 && row >= 0 && column >= 0) {
    const cell = row * width + column;
    const way = ways[cell];
    if (way === 0) break;
    if (way === 1) {
      if (pairs[cell]! > 0) {
        pages[row] = low + column;
        partial[row] = ids[column] !== query.ids[row];
      }
      row -= 1;
      column -= 1;
    } else if (way === 2) {
      while (above[(row + 1) * stride + column + 1] !== best[row * stride + column + 1]! - GAP_OPEN) row -= 1;
      row -= 1;
    } else {
      const opening = row >= query.first && row < query.last - 1 ? GAP_OPEN_INSIDE : GAP_OPEN;
      while (left[row * width + column] !== best[(row + 1) * stride + column]! - opening) column -= 1;
      column -= 1;
    }
  }
  return { pages, partial, gain };
}
