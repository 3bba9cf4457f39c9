import { tf } from "@/lib/tensorflow/mod.ts";
import { averageLogps } from "@/lib/losses/log-ratios.ts";
import { smoothedLogistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLengths, PairLogps } from "@/lib/losses/types.ts";

/**
 * SimPO, with the policy's mean log-probs of a token p̄ and no reference. A label smoothing mixes in the opposite
 * label as in DPO.
 *
 * $$-\log\sigma\bigl(\beta (\bar p_w - \bar p_l) - \gamma\bigr)$$
 *
 * Meng et al. 2024 (arXiv 2405.14734), equation 6. The paper's β is 2 to 10, far from DPO's.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function simpoLoss(batch: PairLogps & PairLengths, options: LossOptions): tf.Tensor1D {
  const { beta, gamma = 0.5, labelSmoothing } = options;
  const { chosen, rejected } = averageLogps(batch);
  return smoothedLogistic(tf.sub(tf.mul(tf.sub(chosen, rejected), beta), gamma), labelSmoothing);
}
