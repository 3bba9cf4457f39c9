import { tf } from "@/lib/tensorflow/mod.ts";
import { implicitRewards, preferenceLogits } from "@/lib/losses/log-ratios.ts";
import type { PairLogps, PairLosses } from "@/lib/losses/types.ts";

/** Settings of {@link dpoLoss}. */
export interface DpoOptions {
  /** How strongly the policy is held to the reference; the paper uses 0.1 to 0.5. */
  beta: number;
  /** Probability that a label is wrong (conservative DPO); 0 is the original loss. */
  labelSmoothing?: number;
  /** Take the reference to prefer neither response. */
  referenceFree?: boolean;
}

/**
 * Direct preference optimisation: −(1 − ε)·log σ(β·h) − ε·log σ(−β·h), where h is how much more the policy
 * prefers chosen to rejected than the reference does.
 *
 * Rafailov et al. 2023 (arXiv 2305.18290), equation 7; ε > 0 is conservative DPO, equation 3 of
 * https://ericmitchell.ai/cdpo.pdf; `preference_loss` in the reference's trainers.py.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs] each
 */
export function dpoLoss(
  logps: PairLogps,
  { beta, labelSmoothing = 0, referenceFree = false }: DpoOptions,
): PairLosses {
  const scaled = tf.mul(preferenceLogits(logps, referenceFree), beta);
  // −log σ(z) is softplus(−z).
  const agree = tf.softplus(tf.neg(scaled));
  const losses = labelSmoothing === 0
    ? agree
    : tf.add(tf.mul(agree, 1 - labelSmoothing), tf.mul(tf.softplus(scaled), labelSmoothing));
  return { losses: losses as tf.Tensor1D, ...implicitRewards(logps, beta) };
}
