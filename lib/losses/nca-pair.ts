import { tf } from "@/lib/tensorflow/mod.ts";
import { implicitRewards } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Noise contrastive alignment from pairs, with the implicit rewards r.
 *
 * $$-\log\sigma(r_w) - \tfrac12\log\sigma(-r_w) - \tfrac12\log\sigma(-r_l)$$
 *
 * Chen et al. 2024 (arXiv 2402.05369), equation 11 for two responses.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function ncaPairLoss(logps: PairLogps, { beta }: LossOptions): tf.Tensor1D {
  const { chosenRewards, rejectedRewards } = implicitRewards(logps, beta);
  const noise = tf.add(logistic(tf.neg(chosenRewards)), logistic(tf.neg(rejectedRewards)));
  return tf.add(logistic(chosenRewards), tf.mul(noise, 0.5));
}
