import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { uuidBytes } from "../model/ids";
import type * as wire from "./wire";

/** The server's side of the messages, over a real Y.Doc; what it refuses is told by a test. */
export class Server {
  doc = new Y.Doc();
  epoch = 1;
  sequence = 0;
  readonly = false;
  refuse: ((update: Uint8Array) => string | undefined) | null = null;
  received: string[] = [];

  welcome(client: number, lease = "n1", extra: Partial<wire.Welcome> = {}): Uint8Array {
    const welcome = {
      protocol: 1,
      schema: 1,
      principal: { id: "ann", name: "Ann", role: "commenter", guest: false },
      token: null,
      epoch: this.epoch,
      sequence: this.sequence,
      client,
      clock: Y.getState(this.doc.store, client),
      lease,
      readonly: this.readonly,
      limits: { update_bytes: 65536, comment_cp: 10000, in_flight: 4 },
      heartbeat: 20,
      now: 1_000_000,
      ...extra,
    };
    return frame(64, (e) => encoding.writeVarString(e, JSON.stringify(welcome)));
  }

  batch(stateVector?: Uint8Array, events: wire.WireEvent[] = [], first = 0): Uint8Array {
    return frame(66, (e) => {
      encoding.writeVarUint(e, first);
      encoding.writeVarUint(e, this.sequence);
      encoding.writeVarUint8Array(e, Y.encodeStateAsUpdate(this.doc, stateVector));
      encoding.writeVarUint(e, events.length);
      for (const event of events) {
        encoding.writeVarUint(e, ["new", "updated", "deleted"].indexOf(event.kind));
        encoding.writeUint8Array(e, event.broadcastId);
        encoding.writeVarString(e, event.aid);
        encoding.writeVarString(e, event.cid);
        encoding.writeVarString(e, event.by);
        encoding.writeVarUint(e, event.at);
      }
    });
  }

  ack(client: number, ids: string[]): Uint8Array {
    return frame(67, (e) => {
      encoding.writeVarUint(e, this.sequence);
      encoding.writeVarUint(e, Y.getState(this.doc.store, client));
      encoding.writeVarUint(e, ids.length);
      for (const id of ids) encoding.writeUint8Array(e, uuidBytes(id));
    });
  }

  reject(id: string, code: string, hard = false): Uint8Array {
    return frame(68, (e) => {
      encoding.writeUint8Array(e, uuidBytes(id));
      encoding.writeVarUint(e, hard ? 1 : 0);
      encoding.writeVarUint(e, 0);
      encoding.writeVarString(e, code);
      encoding.writeVarString(e, "because");
    });
  }
}

function frame(type: number, rest: (e: encoding.Encoder) => void): Uint8Array {
  return encoding.encode((e) => {
    encoding.writeVarUint(e, type);
    rest(e);
  });
}
