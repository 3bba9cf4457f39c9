/** What the losses read of a batch is what the model says of each token, worked out apart from the trainer. */
import assert from "node:assert/strict";
import { type LossSettings, lossTitle, needsReference, pairLoss } from "@/lib/losses/mod.ts";
import { layOut, type LayoutKind, layoutTensors } from "@/lib/models/layout.ts";
import { allLogits } from "@/lib/models/logps.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { readResults } from "@/lib/trainers/example-results.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { randomPairs } from "../models/random-pairs.ts";

const pairs = randomPairs([[5, 9, 3], [4, 2, 12], [1, 6, 6]]);
const policy = randomWeights(1);
const reference = { ...policy, "model.norm.weight": tf.mul(policy["model.norm.weight"], 1.3) };

/** log p and log Σ p² of every token of a sequence but the first, in float64. */
function tokens(weights: Weights, ids: number[]): { logp: number; collision: number }[] {
  const layout = layoutTensors(layOut([{ ids, start: 1 }], "padded"), CONFIG);
  const logits_NV = allLogits(CONFIG, weights, layout, "fp32").arraySync() as number[][];
  return ids.slice(1).map((target, i) => {
    const scores = logits_NV[i], largest = Math.max(...scores);
    const logSum = (power: number) =>
      Math.log(scores.reduce((sum, s) => sum + Math.exp(power * (s - largest)), 0));
    return {
      logp: scores[target] - largest - logSum(1),
      collision: logSum(2) - 2 * logSum(1),
    };
  });
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** One side of all pairs: sums and lengths, computed token by token. */
function side(which: "chosen" | "rejected", ldAlpha: number | null) {
  const of = (weights: Weights) =>
    pairs.map((pair) => {
      const { ids, start } = pair[which];
      const all = tokens(weights, Array.from(ids)), response = all.slice(start - 1);
      const shared = Math.min(
        ...[pair.chosen, pair.rejected].map(({ ids, start }) => ids.length - start),
      );
      const weight = (k: number) => ldAlpha === null || k < shared ? 1 : ldAlpha;
      return {
        weighted: sum(response.map(({ logp }, k) => weight(k) * logp)),
        plain: sum(response.map(({ logp }) => logp)),
        text: sum(all.map(({ logp }) => logp)),
        textLength: all.length,
        length: response.length,
        alignment: sum(response.map(({ logp, collision }) => logp - collision)) / response.length,
      };
    });
  return { policy: of(policy), reference: of(reference) };
}

/** Log-ratios of each prompt with the response of the pair before it. */
const mismatched = (which: string) =>
  pairs.map((pair, i) => {
    const own = pair[which as "chosen"], other = pairs.at(i - 1)![which as "chosen"];
    const ids = [...own.ids.slice(0, own.start), ...other.ids.slice(other.start)];
    const [ours, theirs] = [policy, reference].map((weights) =>
      sum(tokens(weights, ids).slice(own.start - 1).map(({ logp }) => logp))
    );
    return ours - theirs;
  });

const LOSSES: LossSettings[] = [
  { name: "dpo", beta: 0.3 },
  { name: "ipo", beta: 0.3, averageLogProb: true },
  { name: "sigmoid_norm", beta: 2 },
  { name: "simpo", beta: 2, gamma: 1 },
  { name: "orpo", beta: 0.3 },
  { name: "dpo", beta: 0.3, ldAlpha: 0.4, plus: [{ name: "sft", weight: 0.5 }] },
  { name: "dpo", beta: 0.3, wpo: true },
  { name: "aot", beta: 0.3 },
  { name: "kto", beta: 0.1, desirableWeight: 1.5 },
];
const KINDS: LayoutKind[] = ["padded", "packed", "shared-prompt"];

for (const loss of LOSSES) {
  const options = [loss.ldAlpha && "ld_alpha", loss.wpo && "WPO"].filter(Boolean).join();
  Deno.test(`${lossTitle(loss)} ${options}: every layout gives the loss of the model's token log-probs`, async () => {
    const alpha = loss.ldAlpha ?? null;
    const chosen = side("chosen", alpha), rejected = side("rejected", alpha);
    const column = <T>(rows: T[], of: (row: T) => number) => tf.tensor1d(rows.map(of));
    const expected = pairLoss({
      policyChosenLogps: column(chosen.policy, (s) => s.weighted),
      policyRejectedLogps: column(rejected.policy, (s) => s.weighted),
      referenceChosenLogps: column(chosen.reference, (s) => s.weighted),
      referenceRejectedLogps: column(rejected.reference, (s) => s.weighted),
      chosenLengths: column(chosen.policy, (s) => s.length),
      rejectedLengths: column(rejected.policy, (s) => s.length),
      chosenTokenLogps: column(chosen.policy, (s) => s.plain),
      chosenTextLogps: column(chosen.policy, (s) => s.text),
      chosenTextLengths: column(chosen.policy, (s) => s.textLength),
      chosenAlignment: column(chosen.policy, (s) => s.alignment),
      rejectedAlignment: column(rejected.policy, (s) => s.alignment),
      mismatchedRatios: tf.tensor1d(["chosen", "rejected"].flatMap(mismatched)),
    }, loss).losses.dataSync();

    for (const kind of KINDS) {
      const steps = new Steps(CONFIG, loss, kind, "fp32", new Buckets());
      const weights = needsReference(loss) ? reference : null;
      const { examples } = await steps.losses(policy, steps.place(pairs), {
        logps: null,
        weights,
        mismatched: steps.placeMismatched(pairs),
      });
      const { losses } = readResults(examples);
      losses.forEach((value, i) =>
        assert.ok(
          Math.abs(value - expected[i]) < 1e-4 * Math.max(1, Math.abs(expected[i])),
          `${kind}, pair ${i}: ${value}, not ${expected[i]}`,
        )
      );
      steps.dispose();
    }
  });
}

Deno.test("SFT takes sums of log-probs, or their means", async () => {
  const { policy: scores } = side("chosen", null);
  for (const averageLogProb of [false, true]) {
    const loss: LossSettings = { name: "sft", beta: 0, averageLogProb };
    const steps = new Steps(CONFIG, loss, "packed", "fp32", new Buckets());
    const none = { logps: null, weights: null };
    const { losses } = readResults((await steps.losses(policy, steps.place(pairs), none)).examples);
    losses.forEach((value, i) => {
      const { plain, length } = scores[i], wanted = -plain / (averageLogProb ? length : 1);
      assert.ok(Math.abs(value - wanted) < 1e-4 * Math.abs(wanted), `${value}, not ${wanted}`);
    });
    steps.dispose();
  }
});
