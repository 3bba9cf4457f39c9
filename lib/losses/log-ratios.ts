/**
 * The quantities that all pair losses share.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { PairLogps, PairLosses } from "@/lib/losses/types.ts";

/**
 * How much more the policy prefers chosen to rejected than the reference does:
 * log π(y_w|x)/π(y_l|x) − log π_ref(y_w|x)/π_ref(y_l|x).
 *
 * @param referenceFree take the reference to prefer neither
 */
export function preferenceLogits(logps: PairLogps, referenceFree: boolean): tf.Tensor1D {
  const policy = tf.sub(logps.policyChosenLogps, logps.policyRejectedLogps);
  if (referenceFree) return policy as tf.Tensor1D;
  const reference = tf.sub(logps.referenceChosenLogps, logps.referenceRejectedLogps);
  return tf.sub(policy, reference) as tf.Tensor1D;
}

/** Implicit rewards β·log π(y|x)/π_ref(y|x) (DPO, equation 5, without the term that cancels). */
export function implicitRewards(logps: PairLogps, beta: number): Omit<PairLosses, "losses"> {
  return {
    chosenRewards: tf.mul(tf.sub(logps.policyChosenLogps, logps.referenceChosenLogps), beta),
    rejectedRewards: tf.mul(tf.sub(logps.policyRejectedLogps, logps.referenceRejectedLogps), beta),
  };
}
