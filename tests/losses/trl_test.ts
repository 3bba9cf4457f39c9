/** Each loss, its rewards and its gradient with respect to every token's log-prob, against TRL's own code. */
import assert from "node:assert/strict";
import { ktoLoss, type LossSettings, pairLoss, type PairLossName } from "@/lib/losses/mod.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import golden from "@/tests/fixtures/oracles/losses.json" with { type: "json" };

/** Both kinds of differences are allowed for: of small and of large numbers. */
const RELATIVE = 1e-5, ABSOLUTE = 1e-6;

interface Run {
  settings: Record<string, unknown>;
  loss: number;
  rewards: number[] | null;
  gradients: number[][];
}

const { policy, reference } = golden, PAIRS = policy.length / 2;
const lengths = policy.map((row) => row.length);
const DIVERGENCES: Record<string, LossSettings["divergence"]> = {
  forward_kl: "forward_kl",
  js_divergence: "js",
  alpha_divergence: "alpha",
};
const ours = (name: string) => (name === "sigmoid" ? "dpo" : name) as PairLossName;

/** TRL's settings in our words. */
function settingsOf({ trainer, loss_types, loss_weights, ...s }: Run["settings"]): LossSettings {
  const [name, ...others] = ((loss_types ?? [trainer]) as string[]).map(ours);
  const weights = loss_weights as number[] | undefined;
  return {
    name,
    weight: weights?.[0],
    plus: others.map((name, i) => ({ name, weight: weights![i + 1] })),
    beta: (s.beta ?? 0.1) as number,
    labelSmoothing: s.label_smoothing as number | undefined,
    // TRL's IPO is always length-normalised.
    averageLogProb: name === "ipo",
    divergence: DIVERGENCES[s.f_divergence_type as string],
    divergenceAlpha: s.f_alpha_divergence_coef as number | undefined,
    ldAlpha: s.ld_alpha as number | undefined,
    wpo: s.use_weighting as boolean | undefined,
    gamma: s.simpo_gamma as number | undefined,
    desirableWeight: s.desirable_weight as number | undefined,
    undesirableWeight: s.undesirable_weight as number | undefined,
  };
}

/** Weight of each token: less beyond the shorter response's end with LD-DPO. */
const tokenWeights = (alpha: number | null = null): number[][] =>
  lengths.map((n, i) => {
    const shared = Math.min(n, lengths[(i + PAIRS) % (2 * PAIRS)]);
    return Array.from({ length: n }, (_, k) => alpha === null || k < shared ? 1 : alpha);
  });

const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
const sequenceOf = tf.tensor1d(lengths.flatMap((n, i) => Array(n).fill(i)), "int32");
const perSequence = (tokens: tf.Tensor1D) =>
  tf.unsortedSegmentSum(tokens, sequenceOf, 2 * PAIRS) as tf.Tensor1D;
const halves = (sequences: tf.Tensor) => tf.split(sequences, 2) as tf.Tensor1D[];
const flat = (rows: number[][]) => tf.tensor1d(rows.flat());
const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** The loss of all pairs as a function of the policy's token log-probs, and the rewards. */
function lossOf(settings: LossSettings) {
  const rewards: number[] = [];
  const lengths_S = tf.tensor1d(lengths), [chosenLengths, rejectedLengths] = halves(lengths_S);
  const alignment = halves(tf.div(
    perSequence(tf.sub(flat(policy), flat(golden.log_sum_sq_probs))),
    lengths_S,
  ));
  const weights = flat(tokenWeights(settings.ldAlpha));
  const promptLogps = golden.prompts.map((row) => row.reduce((a, b) => a + b, 0));
  const promptLengths = golden.prompts.map((row) => row.length);
  const value = (tokens: tf.Tensor) => {
    const sums = (t: tf.Tensor) => halves(perSequence(tf.mul(t, weights)));
    const [policyChosenLogps, policyRejectedLogps] = sums(tokens);
    const [referenceChosenLogps, referenceRejectedLogps] = sums(flat(reference));
    const [chosenTokenLogps] = halves(perSequence(tokens as tf.Tensor1D));
    const result = pairLoss({
      policyChosenLogps,
      policyRejectedLogps,
      referenceChosenLogps,
      referenceRejectedLogps,
      chosenLengths,
      rejectedLengths,
      chosenTokenLogps,
      chosenTextLogps: tf.add(chosenTokenLogps, promptLogps),
      chosenTextLengths: tf.add(chosenLengths, promptLengths),
      chosenAlignment: alignment[0],
      rejectedAlignment: alignment[1],
    }, settings);
    assert.deepEqual(result.losses.shape, [PAIRS]);
    rewards.splice(
      0,
      2,
      mean(result.chosenRewards.dataSync()),
      mean(result.rejectedRewards.dataSync()),
    );
    return tf.mean(result.losses) as tf.Scalar;
  };
  return { value, rewards };
}

/** The same for KTO, which sees examples, not pairs. */
function ktoOf(settings: LossSettings) {
  const desirable = tf.tensor1d(lengths.map((_, i) => i < PAIRS ? 1 : 0));
  const [own, others] = golden.mismatched;
  const value = (tokens: tf.Tensor) =>
    tf.mean(ktoLoss(
      perSequence(tf.sub(tokens, flat(reference))),
      desirable,
      tf.sub(own, others),
      settings,
    )) as tf.Scalar;
  return { value, rewards: [] };
}

const close = (value: number, expected: number, what: string) =>
  assert.ok(
    Math.abs(value - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected),
    `${what}: ${value}, TRL ${expected}`,
  );

for (const [name, run] of Object.entries(golden.runs as unknown as Record<string, Run>)) {
  Deno.test(`${name}: loss, rewards and every token's gradient are TRL's`, () => {
    const settings = settingsOf(run.settings);
    const { value, rewards } = run.settings.trainer === "kto" ? ktoOf(settings) : lossOf(settings);
    const { value: loss, grad } = tf.valueAndGrad(value)(flat(policy));
    close(loss.dataSync()[0], run.loss, "loss");
    if (run.rewards) {
      rewards.forEach((reward, i) => close(reward, run.rewards![i], `mean reward ${i}`));
    }
    const gradient = grad.dataSync();
    run.gradients.forEach((row, i) =>
      row.forEach((expected, k) =>
        close(gradient[starts[i] + k], expected, `gradient of token ${k} of sequence ${i}`)
      )
    );
  });
}
