/** How frames and questions get from a session to the server: over the web, or as the host of a widget will. */
import type { Place, Who } from "./addresses";

export interface TransportEvents {
  open(): void;
  frame(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

/** Carries one connection at a time; one that was let go says nothing more. */
export interface Transport {
  connect(who: Who, lease: string): void;
  send(bytes: Uint8Array): void;
  disconnect(): void;
  /** Asks the HTTP interface for something of the page, such as `versions/NAME`. */
  ask(who: Who, path: string, init: RequestInit): Promise<Response>;
}

export type Carrier = (place: Place, events: TransportEvents) => Transport;
