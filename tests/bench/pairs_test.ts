import assert from "node:assert/strict";
import { join } from "node:path";
import { builtInPairs, MAX_LENGTH, pairsOfFile } from "@/lib/bench/pairs.ts";
import { jsonLines } from "@/lib/bench/rounds.ts";
import { idsDigest, tokensOf, trainingOrder } from "@/lib/bench/training-order.ts";
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import { InputError } from "@/lib/errors.ts";
import { openModel } from "@/lib/models/source.ts";

const source = await openModel("smollm2");
source.close();
const { tokenizer } = source;
const LENGTHS = { maxLength: MAX_LENGTH, maxPromptLength: 256 };

Deno.test("pairs: 256 different ones of varied length, the same at every call, held-out prompts apart", async () => {
  const pairs = await builtInPairs(tokenizer);
  assert.deepEqual(await builtInPairs(tokenizer), pairs);
  assert.equal(pairs.train.length, 256);
  assert.ok(pairs.heldOut.length >= 16);
  assert.equal(new Set(pairs.train.map((row) => JSON.stringify(row))).size, 256);
  const prompts = new Set(pairs.train.map(({ prompt }) => prompt));
  assert.ok(pairs.heldOut.every(({ prompt }) => !prompts.has(prompt)));

  const tokenized = pairs.train.map((row) => tokenizePair(tokenizer, row, LENGTHS));
  for (const { chosen, truncated } of tokenized) {
    assert.ok(chosen.start >= 50 && chosen.start <= 250);
    assert.deepEqual(truncated, { prompt: false, chosen: false, rejected: false });
  }
  const lengths = tokenized.map(({ chosen }) => chosen.ids.length);
  assert.ok(Math.max(...lengths) > 4 * Math.min(...lengths), "lengths vary");
});

Deno.test("pairs: prompt and response are tokenised together as apart", async () => {
  const { train } = await builtInPairs(tokenizer);
  for (const { prompt, chosen, rejected } of train) {
    for (const response of [chosen, rejected]) {
      assert.deepEqual(
        tokenizer.encode(prompt + response),
        [...tokenizer.encode(prompt), ...tokenizer.encode(response)],
      );
    }
  }
});

Deno.test("training order: all batches of an epoch, their texts beside their tokens", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const rows = (await builtInPairs(tokenizer)).train.slice(0, 10);
    const path = join(folder, "pairs.jsonl");
    Deno.writeTextFileSync(path, jsonLines(rows));
    for (const loss of ["dpo", "sft"] as const) {
      const order = await trainingOrder(path, loss, tokenizer);
      for (const { rows, pairs } of order) {
        assert.equal(pairs.length, 4);
        rows.forEach((row, i) => assert.deepEqual(tokenizePair(tokenizer, row, LENGTHS), pairs[i]));
      }
    }
    const pairs = (await trainingOrder(path, "dpo", tokenizer)).flatMap(({ pairs }) => pairs);
    assert.equal(pairs.length, 8);
    assert.equal(
      tokensOf(pairs, "dpo"),
      pairs.reduce((n, { chosen, rejected }) => n + chosen.ids.length + rejected.ids.length, 0),
    );
    assert.notEqual(idsDigest(pairs, "dpo"), idsDigest(pairs.toReversed(), "dpo"));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("pairs of a file: those that are too long are left out and counted; none left is an error", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "pairs.jsonl");
    const long = { prompt: "p", chosen: "word ".repeat(600), rejected: "x" };
    const short = Array.from({ length: 12 }, (_, i) => ({
      prompt: `prompt ${i}`,
      chosen: "a",
      rejected: "b",
    }));
    Deno.writeTextFileSync(path, jsonLines([...short, long]));
    const pairs = await pairsOfFile(path, tokenizer);
    assert.equal(pairs.train.length + pairs.heldOut.length, 12);
    assert.equal(pairs.leftOut, 1);

    Deno.writeTextFileSync(path, jsonLines([long]));
    await assert.rejects(pairsOfFile(path, tokenizer), InputError);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
