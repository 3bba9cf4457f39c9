import { tf } from "@/lib/tensorflow/mod.ts";
import type { PairBatch } from "@/lib/losses/types.ts";

/**
 * Supervised fine-tuning, summed over the response's tokens as in the reference, or their mean:
 *
 * $$-\log\pi(y_w \mid x) = -\sum_t \log\pi(y_{w,t} \mid x, y_{w,<t})$$
 *
 * Ouyang et al. 2022 (arXiv 2203.02155), section 3.5.
 *
 * @param chosenLogps fp32 [examples], summed over tokens
 * @param lengths tokens of the responses, for means
 * @returns fp32 [examples]
 */
export const sftLoss = (
  chosenLogps: tf.Tensor1D,
  lengths: tf.Tensor1D | null = null,
): tf.Tensor1D => tf.neg(lengths ? tf.div(chosenLogps, lengths) : chosenLogps);

/**
 * The same beside a preference loss, against chosen responses that become less likely although they are preferred:
 * the mean over all tokens of the batch's chosen responses, as in TRL, which is the same for each pair. With
 * gradient accumulation it is the mean over the tokens of each part.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function sftTerm(batch: PairBatch): tf.Tensor1D {
  const logps = batch.chosenTokenLogps ?? batch.policyChosenLogps;
  const mean = tf.div(tf.sum(logps), tf.sum(batch.chosenLengths));
  return tf.mul(tf.onesLike(logps), tf.neg(mean));
}
