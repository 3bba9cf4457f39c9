/**
 * Alignment via optimal transport: Melnyk et al. 2024 (arXiv 2406.05882). The batch's distribution of one quantity is
 * to dominate that of another, so both are sorted and compared rank by rank. The losses belong to ranks, not to
 * pairs, and depend on the whole batch: with gradient accumulation each part is sorted by itself, which is another
 * loss than that of the whole batch.
 *
 * @module
 */
import { customGrad, tf } from "@/lib/tensorflow/mod.ts";
import { logRatios } from "@/lib/losses/log-ratios.ts";
import { smoothedLogistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/** Largest first; the gradient goes to where each value came from. */
const sorted = customGrad((x: tf.Tensor) => {
  const { values, indices } = tf.topk(x, x.size, true);
  return {
    value: values,
    saved: [indices],
    gradients: (dy, [from]) => [() => tf.unsortedSegmentSum(dy, from as tf.Tensor1D, x.size)],
  };
});

const compare = (better: tf.Tensor1D, worse: tf.Tensor1D, { beta, labelSmoothing }: LossOptions) =>
  smoothedLogistic(tf.mul(tf.sub(sorted(better), sorted(worse)), beta), labelSmoothing);

/**
 * For pairs: how much the policy prefers chosen to rejected, sorted within the batch, against how much the
 * reference does, sorted; i is the rank, and d the difference of the two at it.
 *
 * $$-(1 - \varepsilon)\,\log\sigma(\beta d_i) - \varepsilon\,\log\sigma(-\beta d_i), \quad
 * d = \mathrm{sort}\Bigl(\log\frac{\pi(y_w \mid x)}{\pi(y_l \mid x)}\Bigr)
 * - \mathrm{sort}\Bigl(\log\frac{\pi_\text{ref}(y_w \mid x)}{\pi_\text{ref}(y_l \mid x)}\Bigr)$$
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs], by rank
 */
export const aotLoss = (logps: PairLogps, options: LossOptions): tf.Tensor1D =>
  compare(
    tf.sub(logps.policyChosenLogps, logps.policyRejectedLogps),
    tf.sub(logps.referenceChosenLogps, logps.referenceRejectedLogps),
    options,
  );

/**
 * For chosen and rejected responses that need not belong together: their log-ratios, each sorted within the batch.
 *
 * $$-(1 - \varepsilon)\,\log\sigma(\beta d_i) - \varepsilon\,\log\sigma(-\beta d_i), \quad
 * d = \mathrm{sort}(a_w) - \mathrm{sort}(a_l)$$
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs], by rank
 */
export function aotUnpairedLoss(logps: PairLogps, options: LossOptions): tf.Tensor1D {
  const { chosen, rejected } = logRatios(logps);
  return compare(chosen, rejected, options);
}
