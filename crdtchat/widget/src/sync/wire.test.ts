import { describe, expect, it } from "vitest";
import SUBPROTOCOL from "../../../../tests/vectors/subprotocol.json";
import * as wire from "./wire";

interface Vector {
  name: string;
  to: "client" | "server";
  // biome-ignore lint/suspicious/noExplicitAny: fields differ by message
  fields: any;
  frame: string;
}

const VECTORS = SUBPROTOCOL as Vector[];
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (raw: Uint8Array) => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
const vector = (name: string) => VECTORS.find((one) => one.name === name) as Vector;

describe("golden vectors", () => {
  it.each(VECTORS.filter(({ to }) => to === "client"))("$name is read", ({ fields, frame }) => {
    const message = wire.read(bytes(frame));
    switch (message.type) {
      case "welcome":
        expect(message.welcome).toEqual(fields.info);
        break;
      case "presence":
        expect(message.presence).toEqual(fields.info);
        break;
      case "batch":
        expect([message.first, message.last, hex(message.update)]).toEqual([
          fields.first,
          fields.last,
          fields.update,
        ]);
        expect(
          message.events.map(({ kind, broadcastId, ...rest }) => ({
            kind: ["new", "updated", "deleted"].indexOf(kind),
            broadcast_id: hex(broadcastId),
            ...rest,
          })),
        ).toEqual(fields.events);
        break;
      case "ack":
        expect([message.sequence, message.clock, message.broadcastIds.map(hex)]).toEqual([
          fields.sequence,
          fields.clock,
          fields.broadcast_ids,
        ]);
        break;
      case "reject":
        expect(message).toEqual({
          type: "reject",
          ...fields,
          broadcastId: expect.anything(),
          broadcast_id: undefined,
        });
        expect(hex(message.broadcastId)).toBe(fields.broadcast_id);
        break;
      case "resync":
        expect(message.epoch).toBe(fields.epoch);
        break;
      case "other":
        throw new Error("not one of ours");
    }
  });

  it("are what this client writes", () => {
    const operation = vector("operation");
    expect(hex(wire.operation(bytes(operation.fields.broadcast_id), bytes(operation.fields.update)))).toBe(
      operation.frame,
    );
    const resync = vector("resync");
    const { epoch, after, state_vector } = resync.fields;
    expect(hex(wire.resync(epoch, after, bytes(state_vector)))).toBe(resync.frame);
    const presence = vector("presence up");
    expect(hex(wire.presence(presence.fields.info))).toBe(presence.frame);
  });

  it.each(VECTORS.filter(({ to }) => to === "client"))(
    "$name, cut or followed by more, is refused",
    ({ frame }) => {
      const whole = bytes(frame);
      expect(() => wire.read(Uint8Array.of(...whole, 0))).toThrow(wire.WireError);
      for (let length = 0; length < whole.length; length++)
        expect(() => wire.read(whole.slice(0, length)), String(length)).toThrow(wire.WireError);
    },
  );
});

it("refuses padded numbers and counts that cannot be true", () => {
  expect(() => wire.read(Uint8Array.of(70, 0x81, 0))).toThrow(/padded/);
  expect(() => wire.read(Uint8Array.of(67, 1, 1, 0xff, 0xff, 3))).toThrow(/larger/);
  expect(() => wire.read(Uint8Array.of(99))).toThrow(/no message/);
});

it("refuses what a server says that is newer than it", () => {
  const welcome = (versions: object) => {
    const json = new TextEncoder().encode(JSON.stringify(versions));
    return Uint8Array.of(64, json.length, ...json);
  };
  expect(wire.read(welcome({ protocol: 1, schema: 1 })).type).toBe("welcome");
  expect(() => wire.read(welcome({ protocol: 2, schema: 1 }))).toThrow(wire.WireError);
  expect(() => wire.read(welcome({ protocol: 1, schema: 2 }))).toThrow(wire.WireError);
});
