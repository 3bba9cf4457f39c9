import { tf } from "@/lib/tensorflow/mod.ts";
import { implicitRewards } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Binary classifier optimisation from pairs, with the implicit rewards r.
 *
 * $$-\log\sigma(r_w) - \log\sigma(-r_l)$$
 *
 * Jung et al. 2024 (arXiv 2404.04656), equation 9 without the shift of the rewards, as TRL.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function bcoPairLoss(logps: PairLogps, { beta }: LossOptions): tf.Tensor1D {
  const { chosenRewards, rejectedRewards } = implicitRewards(logps, beta);
  return tf.add(logistic(chosenRewards), logistic(tf.neg(rejectedRewards)));
}
