/**
 * Which page this is, when the host page does not say: the canonical address, without the fragment and without
 * parameters that only tell where a visitor came from.
 */
const TRACKING = /^(utm_\w+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid|_hsenc|_hsmi|ref_src)$/;

export function pageIdOf(address: string): string {
  const url = new URL(address);
  for (const name of [...url.searchParams.keys()]) if (TRACKING.test(name)) url.searchParams.delete(name);
  return `${url.origin === "null" ? `${url.protocol}//` : url.origin}${url.pathname}${url.search}`;
}

const LINK = "crdtchat";

/** The annotation that the address points at. */
export function linkedAnnotation(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, "")).get(LINK) ?? undefined;
}

export function linkTo(address: string, aid: string): string {
  const url = new URL(address);
  url.hash = `${LINK}=${aid}`;
  return url.href;
}
