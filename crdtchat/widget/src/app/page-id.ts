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

/** A fragment that is an application's route, which has a query of its own. */
const ROUTE = /^#(!?\/[^?]*)\??(.*)$/;

/** The annotation that the address points at. */
export function linkedAnnotation(hash: string): string | undefined {
  const query = ROUTE.exec(hash)?.[2] ?? hash.replace(/^#/, "");
  return new URLSearchParams(query).get(LINK) ?? undefined;
}

/** What else the fragment of a page says is a place in it, and given up for the new one; a route is the page. */
export function linkTo(address: string, aid: string): string {
  const url = new URL(address);
  const [, route, query = ""] = ROUTE.exec(url.hash) ?? [];
  const kept = query.split("&").filter((part) => part !== "" && !part.startsWith(`${LINK}=`));
  const link = [...kept, `${LINK}=${aid}`].join("&");
  url.hash = route === undefined ? `${LINK}=${aid}` : `${route}?${link}`;
  return url.href;
}
