/** How long to wait, in milliseconds. */

/** For an answer, before the connection counts as lost. */
export const ANSWER_MS = 15_000;
/** Before an operation that could not be taken for the moment is sent again. */
export const PATIENCE_MS = 3_000;
/** Before it is tried in spite of a browser that says it has no network. */
export const OFFLINE_MS = 20_000;
/** Before a server that was overrun is asked again. */
export const BREATH_MS = 5_000;
