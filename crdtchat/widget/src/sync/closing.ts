/** What a close code asks of the client (PROTOCOL section 5): 4400 to 4499 act, everything else retry. */

/** The connection sent more than the server takes. */
export const TOO_FAST = 4529;
/** Of our own: it asks for another try. */
export const RETRY = 4500;

export type Verdict = "retry" | "sign-in" | "refused";

export function verdict(code: number): Verdict {
  if (code === 4401) return "sign-in";
  return code >= 4400 && code <= 4499 ? "refused" : "retry";
}
