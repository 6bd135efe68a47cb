import { expect, it } from "vitest";
import { Actions } from "../model/actions";
import { Replica } from "../model/replica";
import type { Effect } from "./effects";
import { Provider } from "./provider";
import { Server } from "./provider.testing";

const NOW = 1_000_000;
const TARGET = {
  kind: "",
  exact: "words",
  prefix: "",
  suffix: "",
  startCp: 0,
  endCp: 5,
  color: "",
  part: "",
  version: "",
};

const types = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.bytes[0] as number] : []));

it("takes the whole where a backup took the place of the log, and sends what waits (4)", () => {
  const server = new Server();
  const replica = new Replica();
  const provider = new Provider(replica, () => 0.5);
  const receive = (input: Parameters<Provider["receive"]>[0]) => provider.receive(input, NOW);
  const take = (bytes: Uint8Array) => receive({ type: "frame", bytes });
  const come = (client: number, lease: string) => {
    receive({ type: "open" });
    return [...take(server.welcome(client, lease)), ...take(server.batch(replica.stateVector))];
  };

  receive({ type: "start" });
  server.sequence = 7;
  come(5, "n1");
  receive({ type: "close", code: 1006, reason: "" });
  const operation = new Actions("ann", () => NOW).annotate(TARGET, "meanwhile");
  receive({ type: "submit", operation });
  receive({ type: "reconnect" });
  server.sequence = 3;
  expect(types(come(6, "n2"))).toEqual([70, 70]);

  const effects = take(server.batch());
  expect(effects).toContainEqual({ type: "synced", whole: true });
  expect(types(effects)).toEqual([69, 65]);
  expect(provider.sequence).toBe(3);
});
