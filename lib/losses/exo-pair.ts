import { tf } from "@/lib/tensorflow/mod.ts";
import { preferenceLogits } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Efficient exact optimisation from pairs: the reverse Kullback–Leibler divergence, h as in DPO.
 *
 * $$q \log\frac{q}{1 - \varepsilon} + (1 - q) \log\frac{1 - q}{\varepsilon}, \quad q = \sigma(\beta h)$$
 *
 * Ji et al. 2024 (arXiv 2402.00856), equation 16 for two responses, ε = `labelSmoothing`.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 * @throws {RangeError} for ε outside of (0, 1): log ε would not be finite
 */
export function exoPairLoss(logps: PairLogps, options: LossOptions): tf.Tensor1D {
  const { beta, labelSmoothing: epsilon = 0 } = options;
  if (!(epsilon > 0 && epsilon < 1)) {
    throw new RangeError(`exo_pair needs a label smoothing above 0 and below 1, not ${epsilon}`);
  }
  const z = tf.mul(preferenceLogits(logps, options), beta);
  const part = (z: tf.Tensor, probability: number) =>
    tf.mul(tf.sigmoid(z), tf.sub(tf.neg(logistic(z)), Math.log(probability)));
  return tf.add(part(z, 1 - epsilon), part(tf.neg(z), epsilon));
}
