import assert from "node:assert/strict";
import fc from "fast-check";
import { SolutionStream, type Written } from "@/lib/generation/solution-stream.ts";

/** What a stream tells of an answer that comes in these pieces, stretch by stretch. */
function toldOf(pieces: readonly string[]): Written[] {
  const stream = new SolutionStream();
  const all: Written[] = [];
  for (const part of pieces.flatMap((piece) => stream.push(piece))) {
    const last = all.at(-1);
    if (last?.solution === part.solution) last.text += part.text;
    else all.push({ ...part });
  }
  return all;
}

const ANSWER =
  "Here:\n\n```python\ndef f():\n    return `1`\n```\nor\n  ~~~py\ndef g(): ...\n  ~~~\nDone";
const TOLD: Written[] = [
  { solution: null, text: "Here:\n\n" },
  { solution: 0, text: "def f():\n    return `1`\n" },
  { solution: null, text: "or\n" },
  { solution: 1, text: "def g(): ...\n" },
  { solution: null, text: "Done" },
];

Deno.test("an answer is divided at its fences, wherever its pieces end", () => {
  assert.deepEqual(toldOf([ANSWER]), TOLD);
  assert.deepEqual(toldOf([...ANSWER]), TOLD);
  fc.assert(fc.property(fc.array(fc.nat(ANSWER.length)), (cuts) => {
    const ends = [0, ...cuts.toSorted((a, b) => a - b), ANSWER.length];
    const pieces = ends.slice(1).map((end, i) => ANSWER.slice(ends[i], end));
    assert.deepEqual(toldOf(pieces), TOLD);
  }));
});

Deno.test("what is no fence is told at once", () => {
  const stream = new SolutionStream();
  assert.deepEqual(stream.push("```py\nx = "), [{ solution: 0, text: "x = " }]);
  assert.deepEqual(stream.push("1"), [{ solution: 0, text: "1" }]);
  assert.deepEqual(stream.push("\n``"), [{ solution: 0, text: "\n" }]);
  assert.deepEqual(stream.push("x"), [{ solution: 0, text: "``x" }]);
});
