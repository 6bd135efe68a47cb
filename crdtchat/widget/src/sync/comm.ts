/**
 * The way over a notebook's comm: the kernel relays frames and questions to the server, which the browser may not
 * reach, and signs in. Each connection has a name of its own, so that what is late for one is not taken for the next.
 */
import { newBroadcastId, uuidText } from "../model/ids";
import type { Who } from "./addresses";
import { OVER } from "./closing";
import type { Transport, TransportEvents } from "./transport";

/** The part of a notebook widget's model that is used here. */
export interface Comm {
  send(content: object, callbacks?: undefined, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", heard: (content: FromKernel, buffers: DataView[]) => void): void;
  on(event: "comm_live_update", heard: () => void): void;
  off(event: "msg:custom", heard: (content: FromKernel, buffers: DataView[]) => void): void;
  off(event: "comm_live_update", heard: () => void): void;
  /** Of the front end: JupyterLab's has the kernel, and of one that is shut down it says nothing on the comm. */
  readonly widget_manager?: { readonly kernel?: { readonly disposed?: Signal } | null };
}

interface Signal {
  connect(heard: () => void): unknown;
  disconnect(heard: () => void): unknown;
}

export interface FromKernel {
  /** Whom it is for: a connection or a question. */
  to: string;
  what: "open" | "frame" | "close" | "answer";
  code?: number;
  reason?: string;
}

/** The kernel lets go of a connection whose browser is silent for much longer. */
const BEAT_MS = 20_000;
const WITHOUT_BODY = new Set([204, 205, 304]);

export class CommTransport implements Transport {
  #line = "";
  #beat: ReturnType<typeof setInterval> | undefined;
  readonly #asked = new Map<string, (answer: Response | null) => void>();
  readonly #heard = (content: FromKernel, buffers: DataView[]) => this.#hear(content, buffers);
  #kernel: Signal | undefined;
  /** The front end says so where the kernel is started anew or ends: whether anybody hears shows who speaks. */
  readonly #doubted = () => {
    if (this.#line) this.#tell("beat");
  };

  constructor(
    private readonly comm: Comm,
    private readonly events: TransportEvents,
    /** The front end knows of no kernel behind it, and drops what is sent. */
    private readonly isCutOff: () => boolean = () => false,
  ) {}

  connect({ token, name }: Who, lease: string): void {
    this.disconnect();
    this.#line = uuidText(newBroadcastId());
    this.comm.on("msg:custom", this.#heard);
    this.comm.on("comm_live_update", this.#doubted);
    this.#kernel = this.comm.widget_manager?.kernel?.disposed;
    this.#kernel?.connect(this.#doubted);
    this.#tell("connect", { token, name, lease });
    this.#beat = setInterval(() => this.#tell("beat"), BEAT_MS);
  }

  send(bytes: Uint8Array): void {
    if (this.#line) this.#tell("frame", {}, bytes);
  }

  disconnect(): void {
    clearInterval(this.#beat);
    if (this.#line) this.#tell("close");
    this.#line = "";
    this.comm.off("msg:custom", this.#heard);
    this.comm.off("comm_live_update", this.#doubted);
    this.#kernel?.disconnect(this.#doubted);
    for (const done of this.#asked.values()) done(null);
    this.#asked.clear();
  }

  async ask(_: Who, path: string, { method = "GET", headers, body }: RequestInit): Promise<Response> {
    const number = uuidText(newBroadcastId());
    const answered = new Promise<Response | null>((done) => this.#asked.set(number, done));
    const kind = new Headers(headers).get("Content-Type") ?? "";
    const content = typeof body === "string" ? new TextEncoder().encode(body) : undefined;
    this.#tell("ask", { number, method, path, kind }, content);
    const answer = await answered;
    if (!answer) throw new TypeError("the server could not be asked");
    return answer;
  }

  #tell(what: string, more: object = {}, bytes?: Uint8Array): void {
    if (this.isCutOff()) {
      this.#lost(this.#line);
      return;
    }
    const buffers = bytes && [bytes.slice().buffer];
    try {
      this.comm.send({ line: this.#line, what, ...more }, undefined, buffers);
    } catch {
      // Its kernel was restarted or shut down, and hears nothing any more: the comm is closed.
      this.#lost(this.#line);
    }
  }

  /** Told afterwards, as a socket tells: who sends is still at it. */
  #lost(line: string): void {
    queueMicrotask(() => {
      for (const done of this.#asked.values()) done(null);
      this.#asked.clear();
      if (line === "" || line !== this.#line) return;
      clearInterval(this.#beat);
      this.#line = "";
      this.events.close(OVER, "the kernel is gone");
    });
  }

  #hear({ to, what, code = 0, reason = "" }: FromKernel, [buffer]: DataView[]): void {
    const bytes = buffer && new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice();
    if (what === "answer") {
      const done = this.#asked.get(to);
      this.#asked.delete(to);
      done?.(
        code === 0 ? null : new Response(WITHOUT_BODY.has(code) ? null : (bytes ?? ""), { status: code }),
      );
    }
    if (to !== this.#line) return;
    if (what === "open") this.events.open();
    if (what === "frame" && bytes) this.events.frame(bytes);
    if (what !== "close") return;
    clearInterval(this.#beat);
    this.#line = "";
    this.events.close(code, reason);
  }
}
