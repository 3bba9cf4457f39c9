/** A batch in parts gives the gradients and the update of the batch as a whole. */
import assert from "node:assert/strict";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { randomPairs } from "../models/random-pairs.ts";
import { loadSmollm2 } from "./smollm2.ts";
import {
  assertSameChanges,
  assertSameGradients,
  disposeUpdated,
  DPO,
  SFT,
  updateOnce,
} from "./update-once.ts";

const pairs = randomPairs([
  [5, 9, 3],
  [40, 60, 31],
  [20, 50, 60],
  [30, 6, 70],
  [1, 1, 100],
  [64, 20, 20],
  [10, 40, 2],
  [7, 90, 8],
]);

for (const [loss, layout] of [[DPO, "shared-prompt"], [SFT, "packed"]] as const) {
  Deno.test(`${loss.name}: eight pairs one by one give the update of all at once, random model`, async () => {
    const weights = randomWeights(1), model = { config: CONFIG, weights };
    const whole = await updateOnce(model, pairs, loss, layout);
    for (const parts of [8, 2]) {
      const found = await updateOnce(model, pairs, loss, layout, parts);
      assertSameGradients(found, whole);
      assertSameChanges(found, whole);
      disposeUpdated(found);
    }
    disposeUpdated(whole);
    tf.dispose(weights);
  });
}

Deno.test("dpo: eight pairs one by one give the update of all at once, SmolLM2", async () => {
  const { source, weights, pairs } = await loadSmollm2();
  const model = { config: source.config, weights }, batch = pairs.slice(0, 8);
  const whole = await updateOnce(model, batch, DPO, "shared-prompt");
  const found = await updateOnce(model, batch, DPO, "shared-prompt", 8);
  assertSameGradients(found, whole);
  assertSameChanges(found, whole);
  disposeUpdated(whole, found);
  tf.dispose(weights);
});

/** Gradients of the parts are summed as they are. */
class Unscaled extends Steps {
  override gradients(...args: Parameters<Steps["gradients"]>) {
    args[3] = 1;
    return super.gradients(...args);
  }
}

Deno.test("accumulation that forgets to divide does not pass for the same", async () => {
  const weights = randomWeights(1), model = { config: CONFIG, weights };
  const whole = await updateOnce(model, pairs, DPO, "shared-prompt");
  const wrong = await updateOnce(model, pairs, DPO, "shared-prompt", 8, Unscaled);
  assert.throws(() => assertSameGradients(wrong, whole), { message: /^gradient of/ });
  disposeUpdated(whole, wrong);
  tf.dispose(weights);
});
