import { afterEach, describe, expect, it, vi } from "vitest";
import { OVER } from "./closing";
import { CommTransport, type FromKernel } from "./comm";

const NOBODY = { token: "", name: "" };
type Heard = (content: FromKernel, buffers: DataView[]) => void;
type Said = { line: string; what: string; number?: string };

/** A comm whose kernel is the test. */
function notebook() {
  const said: Said[] = [];
  const kernel = { gone: false, never: false };
  const listeners = new Set<Heard>();
  const doubts = new Set<() => void>();
  const ends = new Set<() => void>();
  const heard: unknown[] = [];
  const disposed = {
    connect: (ended: () => void) => ends.add(ended),
    disconnect: (ended: () => void) => ends.delete(ended),
  };
  const transport = new CommTransport(
    {
      send: (content) => {
        // As JupyterLab answers where the kernel was restarted.
        if (kernel.gone) throw new Error("Cannot send");
        said.push(content as Said);
      },
      on: (event: string, listener: Heard & (() => void)) =>
        event === "msg:custom" ? listeners.add(listener) : doubts.add(listener),
      off: (event: string, listener: Heard & (() => void)) =>
        event === "msg:custom" ? listeners.delete(listener) : doubts.delete(listener),
      widget_manager: { kernel: { disposed } },
    },
    {
      open: () => heard.push("open"),
      frame: (bytes) => heard.push([...bytes]),
      close: (code, reason) => heard.push([code, reason]),
    },
    () => kernel.never,
  );
  const tell = (content: FromKernel, ...bytes: number[]) => {
    for (const listener of listeners) listener(content, [new DataView(Uint8Array.from(bytes).buffer)]);
  };
  const doubt = () => {
    for (const doubted of doubts) doubted();
  };
  return { said, heard, kernel, transport, tell, doubt, ends, last: () => said.at(-1) as Said };
}

afterEach(() => vi.useRealTimers());

describe("the way over the comm", () => {
  it("carries one connection, and nothing of the one before", () => {
    const { transport, heard, tell, said, last } = notebook();
    transport.connect(NOBODY, "");
    const first = last().line;
    tell({ to: first, what: "open" });
    tell({ to: first, what: "frame" }, 1, 2);
    transport.send(Uint8Array.of(3));
    expect(last()).toEqual({ line: first, what: "frame" });
    transport.connect(NOBODY, "1-x");
    expect(said.map(({ what }) => what)).toEqual(["connect", "frame", "close", "connect"]);
    tell({ to: first, what: "frame" }, 9);
    tell({ to: first, what: "close", code: 1006, reason: "" });
    tell({ to: last().line, what: "close", code: 4500, reason: "why" });
    expect(heard).toEqual(["open", [1, 2], [4500, "why"]]);
    transport.disconnect();
    expect(last().what).toBe("connect");
  });

  it("ends with its kernel, whoever speaks next", async () => {
    vi.useFakeTimers();
    const { transport, heard, kernel } = notebook();
    const ended = [OVER, "the kernel is gone"];
    transport.connect(NOBODY, "");
    kernel.gone = true;
    vi.advanceTimersByTime(20_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual([ended]);
    transport.connect(NOBODY, "");
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual([ended, ended]);
    await expect(transport.ask(NOBODY, "/", {})).rejects.toThrow("could not be asked");
    transport.connect(NOBODY, "");
    transport.disconnect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard).toEqual([ended, ended]);
  });

  it("ends as soon as the front end doubts that there is a kernel, if there is none", async () => {
    const { transport, heard, kernel, doubt, last } = notebook();
    doubt();
    transport.connect(NOBODY, "");
    doubt();
    await Promise.resolve();
    expect([last().what, heard]).toEqual(["beat", []]);
    kernel.gone = true;
    doubt();
    await Promise.resolve();
    expect(heard).toEqual([[OVER, "the kernel is gone"]]);
  });

  it("ends at once where there is no kernel, and begins where one comes", async () => {
    const { transport, heard, kernel, said } = notebook();
    kernel.never = true;
    transport.connect(NOBODY, "");
    await Promise.resolve();
    expect([said, heard]).toEqual([[], [[OVER, "the kernel is gone"]]]);
    await expect(transport.ask(NOBODY, "/", {})).rejects.toThrow("could not be asked");
    kernel.never = false;
    transport.connect(NOBODY, "");
    expect(said.map(({ what }) => what)).toEqual(["connect"]);
    transport.disconnect();
  });

  it("ends as soon as its kernel is shut down", async () => {
    const { transport, heard, kernel, ends } = notebook();
    transport.connect(NOBODY, "");
    kernel.gone = true;
    for (const ended of ends) ended();
    await Promise.resolve();
    expect(heard).toEqual([[OVER, "the kernel is gone"]]);
    transport.disconnect();
    expect(ends.size).toBe(0);
  });

  it("beats while it is connected", () => {
    vi.useFakeTimers();
    const { transport, said } = notebook();
    transport.connect(NOBODY, "");
    vi.advanceTimersByTime(60_000);
    transport.disconnect();
    vi.advanceTimersByTime(60_000);
    expect(said.map(({ what }) => what)).toEqual(["connect", "beat", "beat", "beat", "close"]);
  });

  it("asks, and gives up with the connection", async () => {
    const { transport, tell, last } = notebook();
    transport.connect(NOBODY, "");
    const answer = transport.ask(NOBODY, "versions/x", {});
    tell({ to: last().number as string, what: "answer", code: 200 }, 104, 105);
    expect(await (await answer).text()).toBe("hi");
    const unreached = transport.ask(NOBODY, "versions/x", {});
    tell({ to: last().number as string, what: "answer", code: 0 });
    await expect(unreached).rejects.toThrow(TypeError);
    const late = transport.ask(NOBODY, "versions/x", { method: "PUT", body: "hi" });
    transport.disconnect();
    await expect(late).rejects.toThrow(TypeError);
  });
});
