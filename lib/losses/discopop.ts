import { tf } from "@/lib/tensorflow/mod.ts";
import { preferenceLogits } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * DiscoPOP, a loss that a language model found, with h as in DPO.
 *
 * $$-(1 - m)\,\log\sigma(\beta h) + m\, e^{-\beta h}, \quad m = \sigma(\beta h / \tau)$$
 *
 * Lu et al. 2024 (arXiv 2406.08414), equation 5 (log-ratio modulated loss).
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function discopopLoss(logps: PairLogps, options: LossOptions): tf.Tensor1D {
  const { beta, discopopTau = 0.05 } = options;
  const z = tf.mul(preferenceLogits(logps, options), beta) as tf.Tensor1D;
  const modulation = tf.sigmoid(tf.div(z, discopopTau));
  return tf.add(
    tf.mul(logistic(z), tf.sub(1, modulation)),
    tf.mul(tf.exp(tf.neg(z)), modulation),
  );
}
