import { tf } from "@/lib/tensorflow/mod.ts";

/**
 * Supervised fine-tuning: −log p(response | prompt), summed over the response's tokens as in the reference.
 *
 * @param chosenLogps fp32 [examples], summed over tokens
 * @returns fp32 [examples]
 */
export const sftLoss = (chosenLogps: tf.Tensor1D): tf.Tensor1D => tf.neg(chosenLogps);
