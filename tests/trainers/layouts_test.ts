/** However a batch is laid out, losses and gradients are the same; a layout with a wrong mask does not pass for that. */
import assert from "node:assert/strict";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type LossSettings, lossTitle } from "@/lib/losses/mod.ts";
import { type Layout, layOut, type LayoutKind, layoutTensors } from "@/lib/models/layout.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { randomPairs } from "../models/random-pairs.ts";
import { loadSmollm2 } from "./smollm2.ts";
import {
  assertSameGradients,
  disposeUpdated,
  DPO,
  type Model,
  SFT,
  updateOnce,
} from "./update-once.ts";

/** Lengths of prompt, chosen and rejected; chunks of queries are 128 long. */
const LENGTHS: [number, number, number][] = [
  [5, 9, 3],
  [40, 100, 31],
  [70, 150, 160],
  [130, 60, 7],
  [1, 1, 300],
];
const pairs = randomPairs(LENGTHS);

/** Compares all layouts that the loss has with the padded one. */
async function compareLayouts(model: Model, pairs: TokenizedPair[], loss: LossSettings) {
  const kinds: LayoutKind[] = loss.name === "sft" ? ["packed"] : ["packed", "shared-prompt"];
  const padded = await updateOnce(model, pairs, loss, "padded");
  tf.dispose(padded.changes);
  for (const kind of kinds) {
    const found = await updateOnce(model, pairs, loss, kind);
    assertSameGradients(found, padded);
    disposeUpdated(found);
  }
  disposeUpdated(padded);
}

/** What else of a batch losses read: prompts, weights of tokens, lengths, collisions. */
const OTHERS: LossSettings[] = [
  { name: "orpo", beta: 0.1 },
  { ...DPO, ldAlpha: 0.3, wpo: true, plus: [{ name: "sigmoid_norm", weight: 2 }] },
];
for (const loss of OTHERS) {
  Deno.test(`${lossTitle(loss)}: loss and gradient of every tensor are the same in every layout`, async () => {
    const weights = randomWeights(1);
    await compareLayouts({ config: CONFIG, weights }, pairs, loss);
    tf.dispose(weights);
  });
}

for (const loss of [DPO, SFT]) {
  Deno.test(`${loss.name}: loss and gradient of every tensor are the same in every layout, random model`, async () => {
    const weights = randomWeights(1);
    await compareLayouts({ config: CONFIG, weights }, pairs, loss);
    tf.dispose(weights);
  });

  Deno.test(`${loss.name}: loss and gradient of every tensor are the same in every layout, SmolLM2`, async () => {
    const { source, pairs, weights } = await loadSmollm2();
    // With its prompt shared, the first pair takes 299 places: three chunks.
    await compareLayouts({ config: source.config, weights }, [pairs[8], pairs[0]], loss);
    tf.dispose(weights);
  });
}

/** Lets the block with the longest pair see all that is before each place: its rejected response the chosen one. */
function openBlock({ groups: [{ S, mask }] }: Layout): void {
  for (let i = 0; i < S; i++) mask.fill(0, i * S, i * S + i + 1);
}

/** Hides the prompt's last token from the whole rejected response of the same block. */
function hideToken({ groups: [{ S, mask }] }: Layout): void {
  const [prompt, chosen, rejected] = LENGTHS[2], hidden = mask[1];
  for (let i = prompt + chosen; i < prompt + chosen + rejected; i++) {
    mask[i * S + prompt - 1] = hidden;
  }
}

const PLANTED: [string, boolean, (layout: Layout) => void][] = [
  ["no bug", true, () => {}],
  ["rejected sees chosen", false, openBlock],
  ["a token of the prompt is hidden from rejected", false, hideToken],
];

for (const [bug, passes, plant] of PLANTED) {
  Deno.test(`the comparison finds a wrong mask: ${bug}`, async () => {
    class Planted extends Steps {
      override place(pairs: TokenizedPair[]) {
        const sequences = [...pairs.map((p) => p.chosen), ...pairs.map((p) => p.rejected)];
        const layout = layOut(sequences, "shared-prompt");
        plant(layout);
        return layoutTensors(layout, CONFIG);
      }
    }
    const weights = randomWeights(1), model = { config: CONFIG, weights };
    const padded = await updateOnce(model, pairs, DPO, "padded");
    const found = await updateOnce(model, pairs, DPO, "shared-prompt", 1, Planted);
    if (passes) assertSameGradients(found, padded);
    else assert.throws(() => assertSameGradients(found, padded), { message: /^gradient of/ });
    disposeUpdated(padded, found);
    tf.dispose(weights);
  });
}
