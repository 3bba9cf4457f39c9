import { tf } from "@/lib/tensorflow/mod.ts";
import { logRatios } from "@/lib/losses/log-ratios.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Self-play preference optimisation with hard labels, with the log-ratios a.
 *
 * $$\Bigl(a_w - \frac{1}{2\beta}\Bigr)^2 + \Bigl(a_l + \frac{1}{2\beta}\Bigr)^2$$
 *
 * Wu et al. 2024 (arXiv 2405.00675), equation 4.7 with probability 1 for the chosen response and 0 for the rejected
 * one; 1/β is the paper's η.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function sppoHardLoss(logps: PairLogps, { beta }: LossOptions): tf.Tensor1D {
  const { chosen, rejected } = logRatios(logps), target = 1 / (2 * beta);
  return tf.add(tf.square(tf.sub(chosen, target)), tf.square(tf.add(rejected, target)));
}
