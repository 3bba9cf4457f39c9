/**
 * What the pair losses take and give. All tensors are fp32 vectors over the pairs of a batch.
 *
 * @module
 */
import type { tf } from "@/lib/tensorflow/mod.ts";

/** log p(response | prompt), summed over the response's tokens, under policy and reference. */
export interface PairLogps {
  policyChosenLogps: tf.Tensor1D;
  policyRejectedLogps: tf.Tensor1D;
  referenceChosenLogps: tf.Tensor1D;
  referenceRejectedLogps: tf.Tensor1D;
}

/** What a pair loss gives for each pair. */
export interface PairLosses {
  losses: tf.Tensor1D;
  /** β·(policy − reference) log-prob of the chosen response; for metrics, not for gradients. */
  chosenRewards: tf.Tensor1D;
  rejectedRewards: tf.Tensor1D;
}
