/** What a session tells those who listen. */
import type { Operation } from "../model/intents";
import type { Status } from "./effects";
import type { PresenceFrame, Principal, WireEvent } from "./wire";

export interface PageStatus extends Status {
  /** How many of the unsent operations this browser does not keep: they would go with the page. */
  unkept: number;
}

export interface SessionEvents {
  status: PageStatus;
  presence: PresenceFrame;
  identity: Principal | null;
  /** The host page was asked for a token and has none now. */
  tokenless: { error: unknown };
  event: Omit<WireEvent, "broadcastId"> & { broadcastId: string };
  /** An operation of this tab is on the server's disk. */
  settled: Operation;
  /** The server rebuilt the page without what was erased. */
  rebuilt: object;
  rejected: { operation: Operation; code: string; reason: string };
  /** The document is as complete as it gets now: from disk, or from the server. */
  synced: { first: boolean };
}
