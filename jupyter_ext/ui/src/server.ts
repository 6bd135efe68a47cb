/** What the server extension answers. */
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";

export interface Similar {
  page: string;
  path: string;
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
}

/** `continued`: the page that this file goes on with, or "new"; empty while nobody was asked. */
export async function findPlace(
  settings: ServerConnection.ISettings,
  path: string,
  continued = "",
): Promise<Place> {
  const url = URLExt.join(settings.baseUrl, "crdtchat/api/discussion");
  const body = JSON.stringify({ path, continue: continued });
  const answer = await ServerConnection.makeRequest(url, { method: "POST", body }, settings);
  if (!answer.ok) throw await ServerConnection.ResponseError.create(answer);
  const place = (await answer.json()) as Place;
  return { ...place, url: new URL(place.url, settings.baseUrl).href };
}
