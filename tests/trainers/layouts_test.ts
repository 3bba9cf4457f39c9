/** However a batch is laid out, losses and gradients are the same: of SmolLM2, and of losses that read more of a batch. */
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, lossTitle } from "@/lib/losses/mod.ts";
import type { LayoutKind } from "@/lib/models/layout.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { assertEquivalent, disposeRuns, DPO, type Model, SFT, trainFor } from "./equivalence.ts";
import { loadSmollm2 } from "./smollm2.ts";
import { PAIRS } from "./ways.ts";

/** Compares all layouts that the loss has with the padded one. */
async function compareLayouts(model: Model, pairs: TokenizedPair[], loss: LossSettings) {
  const kinds: LayoutKind[] = loss.name === "sft" ? ["packed"] : ["packed", "shared-prompt"];
  const padded = await trainFor(1, model, pairs, { loss, layout: "padded" });
  tf.dispose(padded.changes);
  for (const layout of kinds) {
    const found = await trainFor(1, model, pairs, { loss, layout });
    assertEquivalent(found, padded, ["gradient", "loss", "norm"]);
    disposeRuns(found);
  }
  disposeRuns(padded);
}

/** What else of a batch losses read: prompts, weights of tokens, lengths, collisions. */
const OTHERS: LossSettings[] = [
  { name: "orpo", beta: 0.1 },
  { ...DPO, ldAlpha: 0.3, wpo: true, plus: [{ name: "sigmoid_norm", weight: 2 }] },
];
for (const loss of OTHERS) {
  Deno.test(`${lossTitle(loss)}: loss and gradient of every tensor are the same in every layout`, async () => {
    const weights = randomWeights(1);
    await compareLayouts({ config: CONFIG, weights }, PAIRS, loss);
    tf.dispose(weights);
  });
}

for (const loss of [DPO, SFT]) {
  Deno.test(`${loss.name}: loss and gradient of every tensor are the same in every layout, SmolLM2`, async () => {
    const { source, pairs, weights } = await loadSmollm2();
    // With its prompt shared, the first pair takes 299 places: three chunks.
    await compareLayouts({ config: source.config, weights }, [pairs[8], pairs[0]], loss);
    tf.dispose(weights);
  });
}
