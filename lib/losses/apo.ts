/**
 * Anchored preference optimisation: D'Oosterlinck et al. 2024 (arXiv 2408.06266), equations 7 and 8. r are the
 * implicit rewards.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { implicitRewards } from "@/lib/losses/log-ratios.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Chosen likelier, rejected less likely; for chosen responses better than the model's own.
 *
 * $$1 - \sigma(r_w) + \sigma(r_l)$$
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function apoZeroLoss(logps: PairLogps, { beta }: LossOptions): tf.Tensor1D {
  const { chosenRewards, rejectedRewards } = implicitRewards(logps, beta);
  return tf.add(tf.sub(1, tf.sigmoid(chosenRewards)), tf.sigmoid(rejectedRewards));
}

/**
 * Both less likely, rejected more so; for chosen responses worse than the model's own.
 *
 * $$\sigma(r_w) + 1 - \sigma(r_w - r_l)$$
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function apoDownLoss(logps: PairLogps, { beta }: LossOptions): tf.Tensor1D {
  const { chosenRewards, rejectedRewards } = implicitRewards(logps, beta);
  const margins = tf.sub(chosenRewards, rejectedRewards);
  return tf.add(tf.sigmoid(chosenRewards), tf.sub(1, tf.sigmoid(margins)));
}
