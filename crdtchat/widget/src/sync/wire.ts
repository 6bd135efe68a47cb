/**
 * The messages of the wire (PROTOCOL sections 2 and 4), read strictly: a frame is exactly its grammar.
 * What the server cannot have sent is a `WireError`, which ends the connection and not the page.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { SCHEMA_VERSION } from "../model/schema";

export class WireError extends Error {}

export interface Principal {
  id: string;
  name: string;
  role: string;
  guest: boolean;
}

export interface Welcome {
  protocol: number;
  schema: number;
  principal: Principal;
  token: string | null;
  epoch: number;
  sequence: number;
  client: number;
  clock: number;
  lease: string;
  readonly: boolean;
  /** Whether texts of page versions are kept. */
  page_versions: boolean;
  limits: { update_bytes: number; comment_cp: number; in_flight: number };
  heartbeat: number;
  /** The server's time. */
  now: number;
}

export type EventKind = "new" | "updated" | "deleted";
const KINDS: readonly EventKind[] = ["new", "updated", "deleted"];

export interface WireEvent {
  kind: EventKind;
  broadcastId: Uint8Array;
  aid: string;
  cid: string;
  by: string;
  at: number;
}

export interface Presence {
  typing: string | null;
  selection: [number, number] | null;
}

export interface PresenceFrame {
  people: number;
  connections: number;
  /** This connection's number; told once. */
  me: number | null;
  here: [number, string, string, Partial<Presence>][];
  gone: number[];
  full: boolean;
}

export type Incoming =
  | { type: "welcome"; welcome: Welcome }
  | { type: "batch"; first: number; last: number; update: Uint8Array; events: WireEvent[] }
  | { type: "ack"; sequence: number; clock: number; broadcastIds: Uint8Array[] }
  | { type: "reject"; broadcastId: Uint8Array; hard: boolean; clock: number; code: string; reason: string }
  | { type: "presence"; presence: PresenceFrame }
  | { type: "resync"; epoch: number }
  /** Awareness and the like of stock connections, which this client has no use for. */
  | { type: "other" };

const PROTOCOL_VERSION = 1;

const WELCOME = 64;
const OPERATION = 65;
const BATCH = 66;
const ACK = 67;
const REJECT = 68;
const PRESENCE = 69;
const RESYNC = 70;
const ID_BYTES = 16;

class Reader {
  readonly #decoder: decoding.Decoder;
  readonly #length: number;

  constructor(frame: Uint8Array) {
    this.#decoder = decoding.createDecoder(frame);
    this.#length = frame.length;
  }

  get left(): number {
    return this.#length - this.#decoder.pos;
  }

  uint(): number {
    const start = this.#decoder.pos;
    const value = decoding.readVarUint(this.#decoder);
    const bytes = this.#decoder.arr;
    const last = bytes[this.#decoder.pos - 1];
    if (last === 0 && this.#decoder.pos - start > 1) throw new WireError("a number is padded");
    return value;
  }

  raw(count: number): Uint8Array {
    if (count > this.left) throw new WireError("the frame is cut short");
    return decoding.readUint8Array(this.#decoder, count);
  }

  bytes(): Uint8Array {
    return this.raw(this.uint());
  }

  string(): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes());
  }

  json(): unknown {
    return JSON.parse(this.string());
  }

  /** A count of things that take at least `least` bytes each. */
  count(least: number): number {
    const count = this.uint();
    if (count * least > this.left) throw new WireError("a count is larger than the frame");
    return count;
  }

  flag(): boolean {
    const value = this.uint();
    if (value > 1) throw new WireError("a flag is neither 0 nor 1");
    return value === 1;
  }

  end(): void {
    if (this.left > 0) throw new WireError("something follows the message");
  }
}

/** Nodes are upgraded one after another: a page that a newer one keeps may hold what is not understood here. */
function understood(welcome: Welcome): Welcome {
  const { protocol, schema } = welcome;
  if (protocol !== PROTOCOL_VERSION || schema > SCHEMA_VERSION)
    throw new WireError(`protocol ${protocol} and schema ${schema} are not known here`);
  return welcome;
}

export function read(frame: Uint8Array): Incoming {
  try {
    const reader = new Reader(frame);
    const message = body(reader);
    if (message.type !== "other") reader.end();
    return message;
  } catch (error) {
    throw error instanceof WireError ? error : new WireError(String(error));
  }
}

function body(reader: Reader): Incoming {
  const type = reader.uint();
  switch (type) {
    case 0:
    case 1:
    case 3:
      return { type: "other" };
    case WELCOME:
      return { type: "welcome", welcome: understood(reader.json() as Welcome) };
    case BATCH: {
      const [first, last] = [reader.uint(), reader.uint()];
      const update = reader.bytes();
      const events = Array.from({ length: reader.count(ID_BYTES + 5) }, () => event(reader));
      return { type: "batch", first, last, update, events };
    }
    case ACK: {
      const [sequence, clock] = [reader.uint(), reader.uint()];
      const broadcastIds = Array.from({ length: reader.count(ID_BYTES) }, () => reader.raw(ID_BYTES));
      return { type: "ack", sequence, clock, broadcastIds };
    }
    case REJECT: {
      const broadcastId = reader.raw(ID_BYTES);
      const [hard, clock] = [reader.flag(), reader.uint()];
      return { type: "reject", broadcastId, hard, clock, code: reader.string(), reason: reader.string() };
    }
    case PRESENCE:
      return { type: "presence", presence: presenceOf(reader.json() as Partial<PresenceFrame>) };
    case RESYNC:
      return { type: "resync", epoch: reader.uint() };
    default:
      throw new WireError(`no message has the number ${type}`);
  }
}

/** Empty parts are left out on the wire. */
function presenceOf(frame: Partial<PresenceFrame>): PresenceFrame {
  const { people = 0, connections = 0, me = null, here = [], gone = [], full = false } = frame;
  return { people, connections, me, here, gone, full };
}

function event(reader: Reader): WireEvent {
  const kind = KINDS[reader.uint()];
  if (!kind) throw new WireError("no event of that kind");
  const broadcastId = reader.raw(ID_BYTES);
  return {
    kind,
    broadcastId,
    aid: reader.string(),
    cid: reader.string(),
    by: reader.string(),
    at: reader.uint(),
  };
}

export function operation(broadcastId: Uint8Array, update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, OPERATION);
    encoding.writeUint8Array(encoder, broadcastId);
    encoding.writeVarUint8Array(encoder, update);
  });
}

export function presence(state: Presence): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, PRESENCE);
    encoding.writeVarString(encoder, JSON.stringify(state));
  });
}

export function resync(epoch: number, after: number, stateVector: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, RESYNC);
    encoding.writeVarUint(encoder, epoch);
    encoding.writeVarUint(encoder, after);
    encoding.writeVarUint8Array(encoder, stateVector);
  });
}
