import { tf } from "@/lib/tensorflow/mod.ts";
import { logRatios } from "@/lib/losses/log-ratios.ts";
import type { LossOptions, PairBatch } from "@/lib/losses/types.ts";

/**
 * Kahneman–Tversky optimisation, of examples that are each desirable or not: λ_D·(1 − σ(β·(a − z))) for desirable
 * ones and λ_U·(1 − σ(β·(z − a))) for the others, with the log-ratios a and the reference point z, an estimate of
 * the divergence between policy and reference.
 *
 * Ethayarajh et al. 2024 (arXiv 2402.01306), equations 7 and 8.
 *
 * @param ratios log π(y|x)/π_ref(y|x), fp32 [examples]
 * @param desirable 1 for desirable examples, 0 for others, fp32 [examples]
 * @param mismatched log-ratios of responses to other prompts of the batch, whose mean, if it is positive, is z;
 *   fp32 [any], without a gradient
 * @returns fp32 [examples]
 */
export function ktoLoss(
  ratios: tf.Tensor1D,
  desirable: tf.Tensor1D,
  mismatched: tf.Tensor1D,
  { beta, desirableWeight = 1, undesirableWeight = 1 }: LossOptions,
): tf.Tensor1D {
  const z = tf.relu(tf.mean(mismatched));
  const sign = tf.sub(tf.mul(desirable, 2), 1);
  const value = tf.sigmoid(tf.mul(tf.mul(sign, tf.sub(ratios, z)), beta));
  const weight = tf.add(
    tf.mul(desirable, desirableWeight),
    tf.mul(tf.sub(1, desirable), undesirableWeight),
  );
  return tf.mul(weight, tf.sub(1, value));
}

/**
 * Kahneman–Tversky optimisation of pairs, whose chosen responses are desirable and whose rejected ones are not: the
 * mean of both examples' losses. z is the mean log-ratio of responses to other prompts of the batch where that is
 * positive, else 0.
 *
 * $$\tfrac12 \lambda_w \bigl(1 - \sigma(\beta (a_w - z))\bigr) + \tfrac12 \lambda_l \bigl(1 - \sigma(\beta (z - a_l))\bigr)$$
 *
 * Ethayarajh et al. 2024 (arXiv 2402.01306), equations 7 and 8; λ are `desirableWeight` and `undesirableWeight`.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function ktoPairLoss(batch: PairBatch, options: LossOptions): tf.Tensor1D {
  const { chosen, rejected } = logRatios(batch), mismatched = batch.mismatchedRatios!;
  const [desirable, undesirable] = [tf.onesLike(chosen), tf.zerosLike(rejected)];
  return tf.div(
    tf.add(
      ktoLoss(chosen, desirable, mismatched, options),
      ktoLoss(rejected, undesirable, mismatched, options),
    ),
    2,
  );
}
