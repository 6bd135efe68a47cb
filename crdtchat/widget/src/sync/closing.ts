/** What a close code asks of the client (PROTOCOL section 5): 4400 to 4499 act, everything else retry. */

export const SIGN_IN = 4401;
/** Also: whoever is here may not read. */
export const FORBIDDEN = 4403;
/** Of our own: no other try would be of use. */
export const REFUSED = 4499;
/** The connection sent more than the server takes. */
export const TOO_FAST = 4529;
/** Of our own: it asks for another try. */
export const RETRY = 4500;

/** Of our own: who carried the frames is gone, and comes back only if a person begins it anew. */
export const OVER = 4599;

export type Verdict = "retry" | "sign-in" | "refused";

export function verdict(code: number): Verdict {
  if (code === SIGN_IN) return "sign-in";
  return code >= 4400 && code <= 4499 ? "refused" : "retry";
}
