import { beforeEach, describe, expect, it } from "vitest";
import { Actions } from "../model/actions";
import { Replica } from "../model/replica";
import { OVER } from "./closing";
import type { Effect } from "./effects";
import { Provider } from "./provider";
import { Server } from "./provider.testing";

const TARGET = {
  exact: "x",
  prefix: "",
  suffix: "",
  startCp: 0,
  endCp: 1,
  kind: "text",
  part: "",
  version: "",
};
const kinds = (effects: Effect[]) => effects.map((effect) => effect.type);

describe("A provider that waits", () => {
  let server: Server;
  let replica: Replica;
  let provider: Provider;
  let actions: Actions;
  let now = 1_000_000;

  const receive = (input: Parameters<Provider["receive"]>[0]) => provider.receive(input, now);
  const take = (bytes: Uint8Array) => receive({ type: "frame", bytes });

  function live(): Effect[] {
    receive({ type: "open" });
    return [...take(server.welcome(5, "n1")), ...take(server.batch(replica.stateVector))];
  }

  beforeEach(() => {
    server = new Server();
    replica = new Replica();
    provider = new Provider(replica, () => 0.5);
    actions = new Actions("ann", () => now);
    receive({ type: "start" });
  });

  it("always has a time at which it tries again, unless told to act (6)", () => {
    live();
    expect(receive({ type: "close", code: 4503, reason: "" }).at(-1)).toMatchObject({ type: "wake" });
    receive({ type: "reconnect" });
    live();
    const effects = receive({ type: "close", code: 4401, reason: "sign in" });
    expect(effects).toContainEqual({
      type: "status",
      status: { link: "sign-in", unsent: 0, others: 0, reason: "sign in" },
    });
    expect(kinds(receive({ type: "wake" }))).toEqual([]);
  });

  it("leaves a server that it overran alone for five seconds (6)", () => {
    live();
    const alarm = receive({ type: "close", code: 4529, reason: "" }).at(-1) as { type: "wake"; at: number };
    expect(alarm.at).toBeGreaterThanOrEqual(now + 5_000);
    now = alarm.at;
    expect(kinds(receive({ type: "wake" }))).toContain("connect");
  });

  it("sets its alarm anew when it was woken too early (6)", () => {
    live();
    const alarm = receive({ type: "close", code: 1006, reason: "" }).at(-1) as { type: "wake"; at: number };
    now = alarm.at - 1;
    expect(receive({ type: "wake" })).toEqual([alarm]);
    now = alarm.at;
    expect(kinds(receive({ type: "wake" }))).toContain("connect");
  });

  it("hangs up when an operation stays unanswered", () => {
    live();
    receive({ type: "submit", operation: actions.annotate(TARGET, "hello") });
    now += 16_000;
    expect(kinds(receive({ type: "wake" }))).toEqual(["disconnect", "status", "wake"]);
  });

  it("says that what it goes by is gone, and tries again all the same", () => {
    live();
    const shown = (effects: Effect[]) =>
      effects.flatMap((one) => (one.type === "status" ? [one.status.link] : []));
    expect(shown(receive({ type: "close", code: OVER, reason: "the kernel is gone" }))).toEqual(["over"]);
    now += 600_000;
    expect(kinds(receive({ type: "wake" }))).toContain("connect");
    expect(shown(receive({ type: "close", code: OVER, reason: "the kernel is gone" }))).toEqual([]);
    now += 600_000;
    receive({ type: "wake" });
    expect(shown(live())).toContain("live");
  });
});
