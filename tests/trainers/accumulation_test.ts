/** A batch in parts gives the gradients and the update of the batch as a whole, of SmolLM2. */
import { tf } from "@/lib/tensorflow/mod.ts";
import { assertEquivalent, disposeRuns, DPO, trainFor } from "./equivalence.ts";
import { loadSmollm2 } from "./smollm2.ts";

Deno.test("dpo: eight pairs one by one give the update of all at once, SmolLM2", async () => {
  const { source, weights, pairs } = await loadSmollm2();
  const model = { config: source.config, weights }, batch = pairs.slice(0, 8);
  const way = { loss: DPO, layout: "shared-prompt" } as const;
  const whole = await trainFor(1, model, batch, way);
  const found = await trainFor(1, model, batch, { ...way, parts: 8 });
  assertEquivalent(found, whole);
  disposeRuns(whole, found);
  tf.dispose(weights);
});
