import { tf } from "@/lib/tensorflow/mod.ts";
import { averagePreferenceLogits } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLengths, PairLogps } from "@/lib/losses/types.ts";

/**
 * Length-normalised DPO: DPO's h with each response's log-ratio per token of it.
 *
 * $$-\log\sigma\Bigl(\beta \Bigl(\frac{a_w}{n_w} - \frac{a_l}{n_l}\Bigr)\Bigr)$$
 *
 * Lambert et al. 2024, Tülu 3 (arXiv 2411.15124), equation 6.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export const sigmoidNormLoss = (
  batch: PairLogps & PairLengths,
  options: LossOptions,
): tf.Tensor1D => logistic(tf.mul(averagePreferenceLogits(batch, options), options.beta));
