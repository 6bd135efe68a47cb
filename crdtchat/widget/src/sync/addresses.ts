/** Where a page's discussions are on the server, and as whom they are asked for. */

export interface Place {
  /** http(s)://host[:port][/prefix] */
  server: string;
  tenant: string;
  page: string;
  /** Asks the HTTP interface, where the browser's own way of asking will not do. */
  fetch?: typeof fetch;
}

export interface Who {
  token: string;
  name: string;
}

export function socketAddress({ server, tenant, page }: Place, { token, name }: Who, lease: string): string {
  const url = new URL(
    `${server}/sync/${encodeURIComponent(tenant)}/${encodeURIComponent(page)}`,
    location.href,
  );
  url.protocol = url.protocol.replace("http", "ws");
  if (token) url.searchParams.set("token", token);
  else if (name) url.searchParams.set("name", name);
  if (lease) url.searchParams.set("lease", lease);
  return url.href;
}

/** Asks the HTTP interface for something of the page, such as `versions/NAME`. */
export function ask(
  { server, tenant, page, fetch = globalThis.fetch }: Place,
  { token }: Who,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const address = `${server}/api/v1/${encodeURIComponent(tenant)}/${path}?page=${encodeURIComponent(page)}`;
  return fetch(address, { ...init, headers });
}
