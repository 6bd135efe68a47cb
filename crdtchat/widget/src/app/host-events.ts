import type { PageStatus } from "../sync/session-events";

export interface TextChatEvent {
  tenant: string;
  page: string;
  aid: string;
  /** Empty when the event is about the whole discussion. */
  cid: string;
  by: string;
  at: number;
  broadcastId: string;
}

/** What a host page can listen to. A client's own operations are never among the first three. */
export interface HostEvents {
  "new-text-chat": TextChatEvent;
  "updated-text-chat": TextChatEvent;
  "deleted-text-chat": TextChatEvent;
  status: PageStatus;
  presence: { people: number; connections: number };
  ready: object;
}
