import { tf } from "@/lib/tensorflow/mod.ts";
import { preferenceLogits } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Robust DPO, an unbiased estimate of DPO's loss when labels are wrong with probability ε = `labelSmoothing`; h as
 * in DPO.
 *
 * $$\frac{-(1 - \varepsilon)\,\log\sigma(\beta h) + \varepsilon\,\log\sigma(-\beta h)}{1 - 2\varepsilon}$$
 *
 * Chowdhury et al. 2024 (arXiv 2403.00409), equation 8.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 * @throws {RangeError} for ε of ½ or more: labels that say nothing
 */
export function robustLoss(logps: PairLogps, options: LossOptions): tf.Tensor1D {
  const { beta, labelSmoothing: epsilon = 0 } = options;
  if (!(epsilon >= 0 && epsilon < 0.5)) {
    throw new RangeError(`robust needs a label smoothing from 0 to below 0.5, not ${epsilon}`);
  }
  const z = tf.mul(preferenceLogits(logps, options), beta);
  const right = tf.mul(logistic(z), 1 - epsilon), wrong = tf.mul(logistic(tf.neg(z)), epsilon);
  return tf.div(tf.sub(right, wrong), 1 - 2 * epsilon);
}
