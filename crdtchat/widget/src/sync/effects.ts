/** What a provider is told, and what it wants done in the world. */
import type { Operation } from "../model/intents";
import type * as wire from "./wire";

/** "over": offline, as what the connection goes by is gone; its owner has to begin it anew. */
export type Link = "starting" | "live" | "offline" | "sign-in" | "refused" | "over";

export interface Status {
  link: Link;
  /** Operations that are not on the server's disk yet. */
  unsent: number;
  /** Of these, the ones of somebody who wrote here before and is not signed in now: they wait for that. */
  others: number;
  reason: string;
}

export type Input =
  | { type: "start" }
  | { type: "stop" }
  | { type: "open" }
  | { type: "frame"; bytes: Uint8Array }
  | { type: "close"; code: number; reason: string }
  | { type: "wake" }
  | { type: "network"; online: boolean }
  /** The page was looked at again: is the connection still there? */
  | { type: "probe" }
  /** The machine slept for longer than a server waits. */
  | { type: "woke" }
  /** Connect anew, because the token or the name changed or the user asks for it. */
  | { type: "reconnect" }
  | { type: "submit"; operation: Operation }
  | { type: "presence"; state: wire.Presence };

export type Effect =
  | { type: "connect"; lease: string }
  | { type: "send"; bytes: Uint8Array }
  | { type: "disconnect" }
  | { type: "wake"; at: number | null }
  | { type: "status"; status: Status }
  | { type: "welcome"; welcome: wire.Welcome }
  | { type: "settled"; broadcastId: string; update: Uint8Array | null }
  | { type: "rejected"; operation: Operation; code: string; reason: string }
  | { type: "event"; event: wire.WireEvent }
  | { type: "presence"; presence: wire.PresenceFrame }
  /** The replica was replaced or caught up; a copy of it may be kept. */
  | { type: "synced"; whole: boolean }
  /** The page has another epoch: something was erased, and no copy of what was before may be kept. */
  | { type: "rebuilt"; epoch: number };
