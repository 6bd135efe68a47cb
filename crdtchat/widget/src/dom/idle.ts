/** Moments in which the page has nothing better to do. */

const LATEST_MS = 100;
const SLICE_MS = 20;

/**
 * Resolves in the next idle moment, or after `latestMs` if none comes, with the time by `performance.now` until
 * which to work. Where a browser does not tell (Safari), at once after what is under way.
 */
export function idle(latestMs = LATEST_MS): Promise<number> {
  return new Promise((resolve) => {
    const canWait = "requestIdleCallback" in globalThis;
    const now = (deadline?: IdleDeadline) => {
      clearTimeout(latest);
      if (canWait) cancelIdleCallback(callback);
      resolve(performance.now() + Math.min(deadline?.timeRemaining() ?? SLICE_MS, SLICE_MS));
    };
    const latest = setTimeout(now, canWait ? latestMs : 0);
    const callback = canWait ? requestIdleCallback(now) : 0;
  });
}
