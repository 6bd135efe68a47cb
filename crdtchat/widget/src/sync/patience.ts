/** How long to wait, in milliseconds. */

/** For an answer, before the connection counts as lost. */
export const ANSWER_MS = 15_000;
/** Before an operation that could not be taken for the moment is sent again. */
export const PATIENCE_MS = 3_000;
/** Before it is tried in spite of a browser that says it has no network. */
export const OFFLINE_MS = 20_000;
/** Before a server that was overrun is asked again. */
export const BREATH_MS = 5_000;
/** Before a page that is looked at again asks whether the connection is still there. */
export const PROBE_AFTER_MS = 45_000;
export const TICK_MS = 3_000;
/** Where no tick came for so long the machine slept: in a hidden tab they come once a minute. */
export const ASLEEP_MS = 150_000;
