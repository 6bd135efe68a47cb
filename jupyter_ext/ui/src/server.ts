/** What the server extension answers. */
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";

export interface Similar {
  page: string;
  path: string;
  /** It is no longer known which file this discussion is about; `path` is where that file was. */
  lost: boolean;
}

/** Where a file is discussed. */
export interface Place {
  url: string;
  tenant: string;
  page: string;
  /** For a central server; Jupyter's own knows its users by their cookie. */
  token: string | null;
  /** Files that this one may be a copy of; while there are any, the person has to say. */
  similar: Similar[];
  /** The first of them was under this path before, and has nothing in common with this file. */
  replaces: boolean;
}

/** `continued`: the page that this file goes on with, or "new"; empty while nobody was asked. */
export async function findPlace(
  settings: ServerConnection.ISettings,
  path: string,
  continued = "",
): Promise<Place> {
  const place = await ask<Place>(settings, "discussion", { path, continue: continued });
  return { ...place, url: new URL(place.url, settings.baseUrl).href };
}

/** Writes the discussion of a file beside it. */
export function exportDiscussion(
  settings: ServerConnection.ISettings,
  path: string,
): Promise<{ path: string; annotations: number }> {
  return ask(settings, "export", { path });
}

/** Merges what lies beside a file into its discussion. */
export function importDiscussion(
  settings: ServerConnection.ISettings,
  path: string,
): Promise<{ path: string; report: string[] }> {
  return ask(settings, "import", { path });
}

/** `fetch`, with what Jupyter asks of its own pages: its token or XSRF token. */
export function fromJupyter(
  settings: ServerConnection.ISettings,
  about: RequestInfo | URL,
  init: RequestInit = {},
): Promise<Response> {
  return ServerConnection.makeRequest(String(about), init, settings);
}

async function ask<T>(settings: ServerConnection.ISettings, what: string, about: object): Promise<T> {
  const url = URLExt.join(settings.baseUrl, "crdtchat/api", what);
  const request = { method: "POST", body: JSON.stringify(about) };
  const answer = await ServerConnection.makeRequest(url, request, settings);
  if (!answer.ok) throw await ServerConnection.ResponseError.create(answer);
  return (await answer.json()) as T;
}
