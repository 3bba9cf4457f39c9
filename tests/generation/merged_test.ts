import assert from "node:assert/strict";
import type { GenerationRequest } from "@/lib/generation/generator.ts";
import { withMergedCalls } from "@/lib/generation/merged.ts";
import { scripted } from "./scripted.ts";

const request = (prompt: string): GenerationRequest => (
  { prompt, seed: 0, temperature: 0, top_p: 1, num_predict: 8, num_ctx: 64 }
);

Deno.test("merged calls: what users ask for side by side is one batch, and each gets its own answers", async () => {
  const batches: string[][] = [];
  const generator = scripted(({ prompt }) => `answer to ${prompt}`);
  const counted = {
    ...generator,
    generate: (requests: GenerationRequest[], options = {}) => {
      batches.push(requests.map(({ prompt }) => prompt));
      return generator.generate(requests, options);
    },
  };
  const heard: string[] = [];
  const [first, second, third] = await withMergedCalls<[string[], string[], string]>(counted, [
    async (mine) => {
      const one = await mine.generate([request("a"), request("b")], {
        onAnswer: (i, { text }) => void heard.push(`first ${i}: ${text}`),
      });
      const two = await mine.generate([request("d")]);
      return [...one, ...two].map(({ text }) => text);
    },
    async (mine) => {
      const one = await mine.generate([request("c")], {
        onAnswer: (i, { text }) => void heard.push(`second ${i}: ${text}`),
      });
      return one.map(({ text }) => text);
    },
    () => Promise.resolve("asks nothing"),
  ]);
  assert.deepEqual(batches, [["a", "b", "c"], ["d"]]);
  assert.deepEqual(first, ["answer to a", "answer to b", "answer to d"]);
  assert.deepEqual(second, ["answer to c"]);
  assert.equal(third, "asks nothing");
  assert.deepEqual(heard.sort(), [
    "first 0: answer to a",
    "first 1: answer to b",
    "second 0: answer to c",
  ]);
});

Deno.test("merged calls: a failure of the generator or of one user reaches the caller, and nobody hangs", async () => {
  const failing = scripted(() => {
    throw new Error("out of memory");
  });
  const ask = (mine: typeof failing | Parameters<Parameters<typeof withMergedCalls>[1][0]>[0]) =>
    mine.generate([request("a")]);
  await assert.rejects(withMergedCalls(failing, [ask, ask]), /out of memory/);
  const working = scripted(() => "fine");
  const broken = () => Promise.reject(new Error("no such question"));
  await assert.rejects(withMergedCalls(working, [broken, ask]), /no such question/);
  assert.equal(working.asked.length, 1);
});
