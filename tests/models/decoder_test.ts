/** SmolLM2-135M against PyTorch's results on the same weights (tests/oracles), in fp32. */
import assert from "node:assert/strict";
import { sample } from "@/lib/models/sampling.ts";
import {
  disposeLayout,
  layOut,
  type LayoutKind,
  type LayoutTensors,
  layoutTensors,
} from "@/lib/models/layout.ts";
import { allLogits, sequenceLogps } from "@/lib/models/logps.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadWeights, type Weights } from "@/lib/models/weights.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";

const golden = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../fixtures/oracles/${name}.json`, import.meta.url)));

const source = await openModel("smollm2");
const { config } = source;
const weights = await loadWeights(source);

Deno.test("logits of five prompts equal PyTorch's within 2e-3", async () => {
  const { columns, prompts } = await golden("logits");
  let worst = 0;
  for (const { ids, argmax, max, logsumexp, mean, at_columns } of prompts) {
    const layout = layoutTensors(layOut([{ ids, start: ids.length }], "padded"), config);
    tf.tidy(() => {
      const logits = tf.slice(allLogits(config, weights, layout, "fp32"), [0, 0], [ids.length, -1]);
      const close = (found: ArrayLike<number>, expected: number[]) => {
        expected.forEach((value, i) => worst = Math.max(worst, Math.abs(found[i] - value)));
      };
      assert.deepEqual(Array.from(tf.argMax(logits, -1).dataSync()), argmax);
      close(tf.max(logits, -1).dataSync(), max);
      close(tf.logSumExp(logits, -1).dataSync(), logsumexp);
      close(tf.mean(logits, -1).dataSync(), mean);
      close(tf.gather(logits, tf.tensor1d(columns, "int32"), 1).dataSync(), at_columns.flat());
    });
    disposeLayout(layout);
  }
  assert.ok(worst < 2e-3, `largest difference ${worst}`);
});

Deno.test("64 greedy tokens after five prompts equal PyTorch's", async () => {
  const { prompts, tokens } = await golden("greedy");
  const samples = await sample(
    config,
    weights,
    "fp32",
    prompts.map(({ ids }: { ids: number[] }) => ({
      ids,
      maxNewTokens: tokens,
      temperature: 0,
      topP: 1,
      seed: 0,
    })),
    { eosId: null },
  );
  samples.forEach(({ ids }, i) => assert.deepEqual(ids, prompts[i].continuation, `prompt ${i}`));
});

Deno.test("log-probs of pairs equal PyTorch's to 1e-3 relative, in every layout", async () => {
  const { pairs } = await golden("logps");
  const some = pairs.slice(0, 4);
  const sequences = (["chosen", "rejected"] as const).flatMap((side) =>
    some.map((p: Record<string, unknown>) => ({
      ids: p[`${side}_ids`] as number[],
      start: p[`${side}_start`] as number,
    }))
  );
  const expected = (["chosen", "rejected"] as const).flatMap((side) =>
    some.map((p: Record<string, number>) => p[`${side}_logps`])
  );
  const score = jit((w: Weights, batch: LayoutTensors) => sequenceLogps(config, w, batch, "fp32"));
  for (const kind of ["padded", "packed", "shared-prompt"] satisfies LayoutKind[]) {
    const found = tf.tidy(() =>
      score(weights, layoutTensors(layOut(sequences, kind), config)).dataSync()
    );
    expected.forEach((value, i) =>
      assert.ok(
        Math.abs(found[i] - value) < 1e-4 * Math.abs(value),
        `${kind} ${i}: ${found[i]}, PyTorch ${value}`,
      )
    );
  }
  score.dispose();
});

Deno.test("what a request samples depends on its seed and not on its neighbours", async () => {
  const ids = source.tokenizer.encode("def add(a, b):\n");
  const request = (seed: number) => ({ ids, maxNewTokens: 12, temperature: 0.8, topP: 0.95, seed });
  const run = async (seeds: number[], batchSize: number) =>
    (await sample(config, weights, "fp32", seeds.map(request), {
      eosId: source.tokenizer.eosId,
      batchSize,
    }))
      .map((s) => s.ids.join());
  const [one, two, three] = await run([1, 2, 3], 3);
  assert.notEqual(one, two);
  assert.deepEqual(await run([3, 1, 2], 2), [three, one, two]);
});
