/** Sampling against the rules of transformers' logits processors. */
import assert from "node:assert/strict";
import { unsafeUniformIntDistribution, xoroshiro128plus } from "pure-rand";
import { chooseToken, keptTokens, penalised } from "@/lib/models/choose-token.ts";
import { layOut, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits } from "@/lib/models/logps.ts";
import { sample, type SampleRequest } from "@/lib/models/sampling.ts";
import { openModel } from "@/lib/models/source.ts";
import { stopsAt } from "@/lib/models/stop-texts.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { CONFIG, randomWeights } from "@/tests/models/random-model.ts";
import { processed, repetition, softmax } from "@/tests/models/transformers-processors.ts";

const generator = xoroshiro128plus(11);
const uniform = () => unsafeUniformIntDistribution(0, 2 ** 31 - 1, generator) / 2 ** 31;
const choice = <T>(items: T[]): T => items[Math.floor(uniform() * items.length)];

/** Scores of a peaked or a flat distribution over `n` tokens. */
function randomLogits(n: number): Float32Array {
  const spread = choice([0.1, 1, 4, 12]);
  return Float32Array.from({ length: n }, () => spread * (uniform() + uniform() + uniform() - 1.5));
}

Deno.test("what is left to draw from is what transformers' processors leave, with its probabilities", () => {
  for (let round = 0; round < 400; round++) {
    const logits = randomLogits(choice([1, 7, 300, 5000]));
    const inputIds = Array.from({ length: 20 }, () => Math.floor(uniform() * logits.length));
    const settings = {
      repetitionPenalty: choice([1, 1.1, 1.8, 0.7]),
      temperature: choice([0.3, 0.8, 1, 2.5]),
      topK: choice([0, 0, 1, 5, 40, 10_000]),
      topP: choice([1, 1, 0.95, 0.5, 0.05, 0.999]),
      minP: choice([0, 0, 0.05, 0.5, 1]),
    };
    const { repetitionPenalty, temperature, ...filters } = settings;
    const probabilities = penalised(logits, new Set(inputIds), repetitionPenalty, temperature);
    const kept = keptTokens(probabilities, filters);
    const wanted = processed(logits, inputIds, settings);
    const what = `round ${round}: ${JSON.stringify(settings)}, ${logits.length} tokens`;
    assert.deepEqual(
      [...kept].sort((a, b) => a - b),
      [...wanted.keys()].filter((id) => wanted[id] > 0),
      what,
    );
    const mass = kept.reduce((sum, id) => sum + probabilities[id], 0);
    for (const id of kept) assert.ok(Math.abs(probabilities[id] / mass - wanted[id]) < 1e-9, what);
  }
});

Deno.test("tokens are drawn as often as they are probable, and no others", () => {
  const logits = randomLogits(30), draws = 20_000;
  for (
    const filters of [{}, { topK: 4 }, { topP: 0.7 }, { minP: 0.2 }, {
      topK: 9,
      topP: 0.8,
      minP: 0.1,
    }]
  ) {
    const wanted = processed(logits, [], {
      ...{ repetitionPenalty: 1, temperature: 1, topK: 0, topP: 1, minP: 0 },
      ...filters,
    });
    const counts = new Array(30).fill(0);
    const probabilities = Float32Array.from(softmax([...logits]));
    // Evenly spread numbers, so that nothing depends on luck.
    for (let i = 0; i < draws; i++) {
      counts[chooseToken(probabilities, filters, (i + 0.5) / draws)]++;
    }
    counts.forEach((count, id) =>
      assert.ok(Math.abs(count / draws - wanted[id]) < 2e-4, `token ${id}: ${count}, ${wanted[id]}`)
    );
  }
});

Deno.test("a model samples by these rules: greedy with and without penalty, top-k of 1, min-p of 1", async () => {
  const weights = randomWeights(3), ids = [5, 6, 7, 5, 6, 7, 5], added = 10;
  const logitsAfter = (all: number[]) =>
    tf.tidy(() => {
      const layout = layoutTensors(layOut([{ ids: all, start: all.length }], "padded"), CONFIG);
      const logits = allLogits(CONFIG, weights, layout, "fp32");
      return Array.from(tf.slice(logits, [all.length - 1, 0], [1, -1]).dataSync());
    });
  const greedily = (penalty: number) => {
    const all = [...ids];
    for (let i = 0; i < added; i++) {
      const scores = repetition(logitsAfter(all), all, penalty);
      all.push(scores.indexOf(Math.max(...scores)));
    }
    return all.slice(ids.length);
  };
  const request: SampleRequest = { ids, maxNewTokens: added, temperature: 0, seed: 4 };
  const samples = await sample(CONFIG, weights, "fp32", [
    request,
    { ...request, repetitionPenalty: 1.3 },
    { ...request, repetitionPenalty: 5 },
    { ...request, temperature: 1, topK: 1 },
    { ...request, temperature: 1.5, minP: 1 },
    { ...request, temperature: 2, topP: 1e-6, repetitionPenalty: 5 },
  ], { eosId: null });
  const [plain, weak, strong] = [1, 1.3, 5].map(greedily);
  assert.notDeepEqual(plain, strong, "the penalty changes something");
  assert.deepEqual(samples.map((s) => s.ids), [plain, weak, strong, plain, plain, strong]);
  tf.dispose(weights);
});

Deno.test("a sample ends with the token that completes a stop text, however tokens part it", async () => {
  const { tokenizer, close } = await openModel("smollm2");
  close();
  const answer = "Here it is:\n```python\nprint('é 你好')\n```\nand more";
  const ids = tokenizer.encode(answer);
  for (
    const stop of ["```\n", "é 你", "好", "Here it is:\n```python\nprint('é 你好", "n", "t is"]
  ) {
    const isDone = stopsAt(tokenizer, ["never there", stop]);
    const end = ids.findIndex((_, i) => isDone(ids.slice(0, i + 1)));
    const expected = ids.findIndex((_, i) => tokenizer.decode(ids.slice(0, i + 1)).includes(stop));
    assert.ok(end >= 0, stop);
    assert.equal(end, expected, stop);
  }
  assert.ok(!ids.some((_, i) => stopsAt(tokenizer, ["absent"])(ids.slice(0, i + 1))));
  assert.ok(!stopsAt(tokenizer, [])(ids));
  assert.ok(!stopsAt(tokenizer, [""])(ids), "an empty text stops nothing");
});
