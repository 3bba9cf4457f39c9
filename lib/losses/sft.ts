import { tf } from "@/lib/tensorflow/mod.ts";

/**
 * Supervised fine-tuning: −log p(response | prompt), summed over the response's tokens as in the reference.
 *
 * @param chosenLogps fp32 [examples], summed over tokens
 * @param averageOver fp32 [examples], tokens per response: gives the loss per token instead
 * @returns fp32 [examples]
 */
export function sftLoss(chosenLogps: tf.Tensor1D, averageOver?: tf.Tensor1D): tf.Tensor1D {
  const losses = tf.neg(chosenLogps);
  return averageOver ? tf.div(losses, averageOver) : losses as tf.Tensor1D;
}
