/**
 * The quantities that pair losses share.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { divergenceScore } from "@/lib/losses/divergence.ts";
import type { LossOptions, PairLengths, PairLogps, PairLosses } from "@/lib/losses/types.ts";

/** One number for each response of each pair. */
export interface Scores {
  chosen: tf.Tensor1D;
  rejected: tf.Tensor1D;
}

type ScoreOptions = Pick<LossOptions, "referenceFree" | "divergence" | "divergenceAlpha">;

/** log π(y|x)/π_ref(y|x); with `referenceFree` the reference gives every response the same probability. */
export function logRatios(logps: PairLogps, referenceFree = false): Scores {
  const { policyChosenLogps: chosen, policyRejectedLogps: rejected } = logps;
  if (referenceFree) return { chosen, rejected };
  return {
    chosen: tf.sub(chosen, logps.referenceChosenLogps),
    rejected: tf.sub(rejected, logps.referenceRejectedLogps),
  };
}

/**
 * What a loss compares of the two responses: f′(π(y|x)/π_ref(y|x)) up to a constant that cancels, which is the
 * log-ratio for DPO's own divergence.
 */
export function scores(
  logps: PairLogps,
  { referenceFree, divergence, divergenceAlpha }: ScoreOptions,
): Scores {
  const ratios = logRatios(logps, referenceFree);
  return {
    chosen: divergenceScore(ratios.chosen, divergence, divergenceAlpha),
    rejected: divergenceScore(ratios.rejected, divergence, divergenceAlpha),
  };
}

/** How much more the policy prefers chosen to rejected than the reference does: h, the difference of {@link scores}. */
export function preferenceLogits(logps: PairLogps, options: ScoreOptions): tf.Tensor1D {
  const { chosen, rejected } = scores(logps, options);
  return tf.sub(chosen, rejected);
}

/** The same of scores per token of their response. */
export function averagePreferenceLogits(
  batch: PairLogps & PairLengths,
  options: ScoreOptions,
): tf.Tensor1D {
  const { chosen, rejected } = scores(batch, options);
  return tf.sub(tf.div(chosen, batch.chosenLengths), tf.div(rejected, batch.rejectedLengths));
}

/** log-probs of the policy alone, per token of their response. */
export const averageLogps = (batch: PairLogps & PairLengths): Scores => ({
  chosen: tf.div(batch.policyChosenLogps, batch.chosenLengths),
  rejected: tf.div(batch.policyRejectedLogps, batch.rejectedLengths),
});

/** Implicit rewards β·log π(y|x)/π_ref(y|x) (DPO, equation 5, without the term that cancels). */
export function implicitRewards(logps: PairLogps, beta: number): Omit<PairLosses, "losses"> {
  const { chosen, rejected } = logRatios(logps);
  return { chosenRewards: tf.mul(chosen, beta), rejectedRewards: tf.mul(rejected, beta) };
}

/** Rewards of losses without a reference: β times the mean log-prob of a token. */
export function averageRewards(
  batch: PairLogps & PairLengths,
  beta: number,
): Omit<PairLosses, "losses"> {
  const { chosen, rejected } = averageLogps(batch);
  return { chosenRewards: tf.mul(chosen, beta), rejectedRewards: tf.mul(rejected, beta) };
}
