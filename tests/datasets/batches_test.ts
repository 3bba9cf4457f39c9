import assert from "node:assert/strict";
import fc from "fast-check";
import {
  batches,
  type BatchOptions,
  countTruncation,
  examplesPerEpoch,
} from "@/lib/datasets/batches.ts";
import type { FlatExample } from "@/lib/datasets/example-list.ts";
import { describeData, descriptionLines } from "@/lib/datasets/describe.ts";
import { InputError } from "@/lib/errors.ts";
import { byteTokenizer } from "@/tests/datasets/byte-tokenizer.ts";

/** `n` prompts p0, p1, …; every third has a second pair. */
function someExamples(n: number): FlatExample[] {
  return Array.from({ length: n }, (_, i) => ({
    prompt: `p${i}`,
    responses: [`good${i}`, `bad${i}`, `better${i}`],
    pairs: i % 3 === 0 ? [[0, 1], [2, 1]] : [[0, 1]],
    sft_target: `better${i}`,
    truncationMode: "keep_start",
  }));
}

const base: BatchOptions = { batchSize: 4, maxLength: 64, maxPromptLength: 32, nEpochs: 1 };

async function read(examples: FlatExample[], options: Partial<BatchOptions>) {
  const all = await Array.fromAsync(batches(examples, byteTokenizer, { ...base, ...options }));
  return all.map(({ epoch, pairs }) => ({
    epoch,
    texts: pairs.map((p) =>
      [
        p.prompt,
        ...[p.chosen, p.rejected].map((s) => byteTokenizer.decode(s.ids.slice(s.start, -1))),
      ]
        .join(" ")
    ),
  }));
}

Deno.test("without shuffling, batches follow the data, pairs of a prompt one after the other", async () => {
  const read1 = await read(someExamples(5), { shuffle: false });
  assert.deepEqual(read1, [{
    epoch: 0,
    texts: ["p0 good0 bad0", "p0 better0 bad0", "p1 good1 bad1", "p2 good2 bad2"],
  }]);
});

Deno.test("an epoch's last, incomplete batch is dropped for training and kept for evaluation", async () => {
  const examples = someExamples(5); // 7 pairs
  assert.deepEqual((await read(examples, {})).map((b) => b.texts.length), [4]);
  assert.deepEqual((await read(examples, { lastBatch: "keep" })).map((b) => b.texts.length), [
    4,
    3,
  ]);
});

Deno.test("SFT reads one target a prompt and repeats it as rejected", async () => {
  const [batch] = await read(someExamples(4), { sftMode: true, shuffle: false });
  assert.deepEqual(batch.texts[1], "p1 better1 better1");
  assert.equal(batch.texts.length, 4);
});

Deno.test("each epoch has all examples in an order of its own, by seed", async () => {
  const options = { nEpochs: 2, batchSize: 1 };
  const texts = async (seed: number) => (await read(someExamples(12), { ...options, seed }));
  const one = await texts(1);
  assert.deepEqual(one, await texts(1));
  assert.notDeepEqual(one, await texts(2));
  const epochs = [0, 1].map((e) => one.filter((b) => b.epoch === e).flatMap((b) => b.texts));
  assert.notDeepEqual(epochs[0], epochs[1]);
  assert.deepEqual([...epochs[0]].sort(), [...epochs[1]].sort());
  assert.equal(new Set(epochs[0]).size, 16);
});

Deno.test("n_examples counts what was read, as the reference does", async () => {
  // 10 pairs, batches of 4: each epoch hands out 8 and reads 10. After the first batch of epoch 1 it is 14.
  const examples = someExamples(7);
  const sizes = async (nExamples: number) =>
    (await read(examples, { nExamples, nEpochs: undefined })).map((b) => b.epoch);
  assert.deepEqual(await sizes(8), [0, 0]);
  assert.deepEqual(await sizes(9), [0, 0, 1]);
  assert.deepEqual(await sizes(14), [0, 0, 1]);
  assert.deepEqual(await sizes(15), [0, 0, 1, 1]);
});

Deno.test("skipExamples goes on exactly where an interruption left", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      fc.constantFrom("keep" as const, "drop" as const),
      async (n, batchSize, nEpochs, nExamples, sftMode, lastBatch) => {
        const examples = someExamples(n);
        const options = { batchSize, nEpochs, nExamples, sftMode, lastBatch, seed: 7 };
        fc.pre(examplesPerEpoch(examples, { ...base, ...options }) > 0);
        const whole = await read(examples, options);
        let skipExamples = 0;
        for (let done = 0; done <= whole.length; done++) {
          assert.deepEqual(await read(examples, { ...options, skipExamples }), whole.slice(done));
          skipExamples += whole[done]?.texts.length ?? 0;
        }
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("too little data and impossible settings are refused in one sentence", () => {
  const refused = (examples: FlatExample[], options: Partial<BatchOptions>, message: RegExp) =>
    assert.throws(
      () => batches(examples, byteTokenizer, { ...base, ...options }),
      (error) => error instanceof InputError && message.test(error.message),
    );
  refused([], {}, /holds no examples/);
  refused(someExamples(2), {}, /has 3 examples, fewer than one batch of batch_size=4/);
  refused(someExamples(9), { nEpochs: undefined }, /n_epochs/);
  refused(someExamples(9), { batchSize: 0 }, /batch_size=0/);
  refused(someExamples(9), { skipExamples: 3 }, /cannot go on after 3 examples/);
});

Deno.test("the description decodes the first example and counts EOS, BOS and truncation", () => {
  const options = { ...base, maxLength: 10, maxPromptLength: 4, promptFormat: "chat" as const };
  const description = describeData(someExamples(3), byteTokenizer, { ...options, bosId: 257 });
  assert.equal(description.examples, 4);
  assert.deepEqual(description.truncation, { pairs: 4, prompts: 4, chosen: 1, rejected: 0 });
  assert.deepEqual(description.first.chosen, {
    prompt: "<257>p<256><258>",
    response: "good0<256>",
    promptTokens: 4,
    responseTokens: 6,
    bosTokens: 1,
    eosInPrompt: 1,
    eosInResponse: 1,
  });
  assert.match(descriptionLines(description).join("\n"), /EOS 1 in the prompt, 1 in the response/);
});

Deno.test("truncation counts add up over batches", async () => {
  const tight = { ...base, maxLength: 8, maxPromptLength: 2, nEpochs: 1, shuffle: false };
  let counts;
  for await (const { pairs } of batches(someExamples(5), byteTokenizer, tight)) {
    counts = countTruncation(pairs, counts);
  }
  assert.deepEqual(counts, { pairs: 4, prompts: 0, chosen: 1, rejected: 0 });
});
