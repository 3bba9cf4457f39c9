import { tf } from "@/lib/tensorflow/mod.ts";
import { implicitRewards, preferenceLogits } from "@/lib/losses/log-ratios.ts";
import type { PairLogps, PairLosses } from "@/lib/losses/types.ts";

/** Settings of {@link ipoLoss}. */
export interface IpoOptions {
  /** The paper's τ: the margin that is aimed at is 1/(2β). */
  beta: number;
  /** Take the reference to prefer neither response. */
  referenceFree?: boolean;
}

/**
 * Identity preference optimisation: (h − 1/(2β))², where h is how much more the policy prefers chosen to
 * rejected than the reference does.
 *
 * Azar et al. 2023 (arXiv 2310.12036), equation 17, on log-probs summed over tokens as in the reference.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs] each
 */
export function ipoLoss(logps: PairLogps, { beta, referenceFree = false }: IpoOptions): PairLosses {
  const losses = tf.square(tf.sub(preferenceLogits(logps, referenceFree), 1 / (2 * beta)));
  return { losses: losses as tf.Tensor1D, ...implicitRewards(logps, beta) };
}
