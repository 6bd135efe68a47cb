/** A WebSocket that is either the current one or silent: a socket that was let go says nothing more. */

export interface SocketEvents {
  open(): void;
  frame(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

export class Socket {
  #socket: WebSocket | null = null;

  constructor(private readonly events: SocketEvents) {}

  connect(url: string): void {
    this.disconnect();
    const socket = new WebSocket(url, "crdtchat.v1");
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
}
