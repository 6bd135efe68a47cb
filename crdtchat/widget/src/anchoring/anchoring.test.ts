import { expect, test } from "vitest";
import vectors from "../../../../tests/anchoring/vectors.json";
import { isBoundary } from "./characters";
import { CpText, cpLength } from "./cp-text";
import { type Anchoring, anchor, describe, TextIndex } from "./index";
import { tokenize } from "./tokens";

interface Question {
  id: string;
  text: string;
  previous_text?: string;
  exact: string;
  prefix: string;
  suffix: string;
  start: number;
  end: number;
}

function place(found: Anchoring): { start: number | null; end: number | null; score: number } {
  if (found.state === "orphaned") return { start: null, end: null, score: found.nearest?.score ?? 0 };
  const { startCp, endCp, score } = found.state === "unsure" ? found.suggestion : found;
  return { start: startCp, end: endCp, score };
}

const questions = vectors.questions as Question[];

test.each(questions.map((question, number) => [question.id, question, vectors.answers[number]!] as const))(
  "answers as the Python twin does: %s",
  (_, asked, wanted) => {
    const { exact, prefix, suffix, start: startCp, end: endCp } = asked;
    const found = anchor(asked.text, { exact, prefix, suffix, startCp, endCp }, asked.previous_text ?? null);
    const answer = place(found);
    expect([found.state, answer.start, answer.end]).toEqual([wanted.state, wanted.start, wanted.end]);
    expect(Math.abs(answer.score - wanted.score)).toBeLessThan(1e-9);
  },
);

test("cuts tokens and graphemes as the Python twin does", () => {
  for (const cut of vectors.tokens) {
    const text = new CpText(cut.text);
    const { starts, ends, folds } = tokenize(text);
    expect(folds.map((folded, at) => [starts[at], ends[at], folded])).toEqual(cut.tokens);
    const boundaries = [];
    for (let at = 0; at <= text.length; at += 1) if (isBoundary(text, at)) boundaries.push(at);
    expect(boundaries).toEqual(cut.boundaries);
  }
});

test("an unchanged text gives back any range", () => {
  for (const cut of vectors.tokens) {
    const index = new TextIndex(cut.text);
    const length = cpLength(cut.text);
    for (let start = 0; start <= length; start += 3) {
      for (let end = start; end <= length; end += 5) {
        expect(index.anchor(describe(cut.text, start, end))).toEqual({
          state: "exact",
          startCp: start,
          endCp: end,
          score: 1,
        });
      }
    }
  }
});

test("a range outside the text is refused", () => {
  for (const [start, end] of [[-1, 1], [2, 1], [0, 4]] as const) {
    expect(() => describe("abc", start, end)).toThrow(RangeError);
  }
});

test("offsets count code points, not UTF-16 units", () => {
  expect(describe("👩‍👩‍👧 fish", 6, 10).exact).toBe("fish");
});

test("a text prepared in steps gives the same answers", () => {
  for (const asked of questions) {
    if (asked.previous_text === undefined) continue;
    const { exact, prefix, suffix, start: startCp, end: endCp } = asked;
    const selectors = { exact, prefix, suffix, startCp, endCp };
    const index = new TextIndex(asked.text);
    const previous = new TextIndex(asked.previous_text);
    let steps = 0;
    for (const _ of index.prepare(previous)) steps += 1;
    expect(steps).toBeGreaterThan(8);
    expect(index.anchor(selectors, previous)).toEqual(anchor(asked.text, selectors, asked.previous_text));
  }
});
