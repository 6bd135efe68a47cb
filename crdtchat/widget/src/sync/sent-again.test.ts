import { expect, it } from "vitest";
import * as Y from "yjs";
import { uuidBytes } from "../model/ids";
import type { Operation } from "../model/intents";
import { Replica } from "../model/replica";
import { Provider } from "./provider";
import { Server } from "./provider.testing";

const NOW = 1_000_000;
const GIVEN = "00000000-0000-4000-8000-000000000001";
const TAKEN = "00000000-0000-4000-8000-000000000002";

function reaction(broadcastId: string, value: string | null): Operation {
  return { broadcastId, user: "ann", at: NOW, intents: [{ root: "r", key: "note/c/ann", value }] };
}

/** Ann is connected to a page with one comment, reacted, and has not heard of it. */
function reacted() {
  const server = new Server();
  server.doc.getMap("a").set("note", ["ann", 1, "x", "", "", 0, 1]);
  server.doc.getMap("c").set("note/c", ["ann", 1, "words"]);
  const replica = new Replica();
  const provider = new Provider(replica, () => 0.5);
  const receive = (input: Parameters<Provider["receive"]>[0]) => provider.receive(input, NOW);
  const sent = (bytes: Uint8Array) =>
    receive({ type: "frame", bytes }).flatMap((effect) => (effect.type === "send" ? [effect.bytes] : []));
  receive({ type: "start" });
  receive({ type: "open" });
  sent(server.welcome(5));
  sent(server.batch());
  receive({ type: "submit", operation: reaction(GIVEN, "+1") });
  return { server, replica, provider, receive, sent };
}

/** What her first connection carried, of which the server does not know that it is gone, is on disk. */
function firstSending(server: Server): Uint8Array {
  const before = Y.encodeStateVector(server.doc);
  server.doc.getMap("r").set("note/c/ann", "+1");
  server.sequence++;
  const broadcastId = uuidBytes(GIVEN);
  const event = { kind: "updated", broadcastId, aid: "note", cid: "c", by: "ann", at: NOW } as const;
  return server.batch(before, [event], 1);
}

it("hears the answer to what it sent though an earlier sending of it came first (1, 4)", () => {
  const { server, replica, provider, receive, sent } = reacted();
  sent(firstSending(server));
  expect(provider.outbox.size).toBe(1);
  receive({ type: "submit", operation: reaction(TAKEN, null) });

  expect(sent(server.reject(GIVEN, "exists")).map(([type]) => type)).toEqual([70]);
  const replayed = sent(server.batch()).filter(([type]) => type === 65);
  expect(replayed).toHaveLength(1);
  const [frame] = replayed as [Uint8Array];
  Y.applyUpdate(server.doc, frame.slice(18)); // Type, broadcastId, and a length of one byte.
  expect([...server.doc.getMap("r").keys()]).toEqual([]);
  sent(server.ack(5, [TAKEN]));
  expect(provider.outbox.size).toBe(0);
  expect(replica.get("r", "note/c/ann")).toBeUndefined();
});

it("leaves no gap below what it writes next if the answer is lost (3)", () => {
  const { server, receive, sent } = reacted();
  sent(firstSending(server));
  receive({ type: "close", code: 1006, reason: "" });
  receive({ type: "reconnect" });
  receive({ type: "open" });
  sent(server.welcome(5));
  expect(sent(server.batch()).filter(([type]) => type === 65)).toHaveLength(1);
});
