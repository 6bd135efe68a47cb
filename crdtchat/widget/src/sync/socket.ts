/** The way over the web: a WebSocket that is either the current one or silent, and HTTP requests. */
import { ask, type Place, socketAddress, type Who } from "./addresses";
import { REFUSED } from "./closing";
import type { Transport, TransportEvents } from "./transport";

/** A server reads 16 KiB of address and headers; of those, browsers send half a KiB at least. */
const MOST_LETTERS = 15_900;

export class Socket implements Transport {
  #socket: WebSocket | null = null;

  constructor(
    private readonly place: Place,
    private readonly events: TransportEvents,
  ) {}

  connect(who: Who, lease: string): void {
    this.disconnect();
    const address = socketAddress(this.place, who, lease);
    if (address.length > MOST_LETTERS) {
      // The server would not read as far as to say so, and no other try would be of use.
      queueMicrotask(() => this.events.close(REFUSED, "the page id (or the token) is too long"));
      return;
    }
    const socket = new WebSocket(address, "crdtchat.v1");
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    const current = () => this.#socket === socket;
    socket.onopen = () => current() && this.events.open();
    socket.onmessage = ({ data }) => {
      if (current() && data instanceof ArrayBuffer) this.events.frame(new Uint8Array(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (!current()) return;
      this.#socket = null;
      this.events.close(code, reason);
    };
  }

  send(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  disconnect(): void {
    const socket = this.#socket;
    this.#socket = null;
    // Closing one that is not open yet would put a complaint on the host page's console.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(1000);
    else socket?.close(1000);
  }

  ask(who: Who, path: string, init: RequestInit): Promise<Response> {
    return ask(this.place, who, path, init);
  }
}
