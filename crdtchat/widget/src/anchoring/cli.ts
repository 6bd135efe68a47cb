/**
 * Anchors the cases on standard input, as `python -m crdtchat.anchoring` does: JSON lines {"id",
 * "text", "previous_text"?, "exact", "prefix", "suffix", "start", "end"} in, {"id", "state",
 * "start", "end", "score"} out, offsets in code points. With `--time` it reads one job of the
 * benchmark instead and writes how long it took.
 */
import { cpLength } from "./cp-text";
import type { Anchoring } from "./results";
import { TextIndex } from "./text-index";

/** The little of node that is needed; this file is never part of the browser's bundle. */
declare const process: {
  argv: string[];
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): boolean };
};

interface Question {
  id: unknown;
  text: string;
  previous_text?: string | null;
  exact: string;
  prefix?: string | null;
  suffix?: string | null;
  start?: number | null;
  end?: number | null;
}

function report(id: unknown, found: Anchoring): string {
  const place = found.state === "unsure" ? found.suggestion : found.state === "orphaned" ? null : found;
  const score = found.state === "orphaned" ? (found.nearest?.score ?? 0) : place!.score;
  return JSON.stringify({
    id,
    state: found.state,
    start: place?.startCp ?? null,
    end: place?.endCp ?? null,
    score,
  });
}

let index = new TextIndex("");
let previous: TextIndex | null = null;

function answer(line: string): string {
  const asked = JSON.parse(line) as Question;
  if (asked.text !== index.text) index = new TextIndex(asked.text);
  const old = asked.previous_text ?? null;
  if (old !== null && previous?.text !== old) previous = new TextIndex(old);
  const start = asked.start ?? 0;
  const selectors = {
    exact: asked.exact,
    prefix: asked.prefix ?? "",
    suffix: asked.suffix ?? "",
    startCp: start,
    endCp: asked.end ?? start + cpLength(asked.exact),
  };
  return report(asked.id, index.anchor(selectors, old === null ? null : previous));
}

interface Job {
  text: string;
  previous: string | null;
  rounds: number;
  asked: [exact: string, prefix: string, suffix: string, start: number, end: number][];
}

/** Milliseconds of each round of index, diff and all annotations together. */
function time(job: Job): number[] {
  const times: number[] = [];
  for (let round = 0; round < job.rounds; round += 1) {
    const begin = performance.now();
    const page = new TextIndex(job.text);
    const old = job.previous === null ? null : new TextIndex(job.previous);
    for (const [exact, prefix, suffix, startCp, endCp] of job.asked) {
      page.anchor({ exact, prefix, suffix, startCp, endCp }, old);
    }
    times.push(performance.now() - begin);
  }
  return times;
}

async function main(): Promise<void> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for await (const chunk of process.stdin) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") process.stdout.write(`${answer(line)}\n`);
  }
  if (process.argv[2] === "--time") process.stdout.write(JSON.stringify(time(JSON.parse(rest) as Job)));
  else if (rest.trim() !== "") process.stdout.write(`${answer(rest)}\n`);
}

await main();
