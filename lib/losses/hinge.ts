import { tf } from "@/lib/tensorflow/mod.ts";
import { preferenceLogits } from "@/lib/losses/log-ratios.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Hinge loss, with h as in DPO.
 *
 * $$\max(0,\; 1 - \beta h)$$
 *
 * Zhao et al. 2023, SLiC-HF (arXiv 2305.10425), equation 1, on ratios as in Liu et al. 2023, RSO (arXiv 2309.06657),
 * equation 12; 1/β is the margin.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export const hingeLoss = (logps: PairLogps, options: LossOptions): tf.Tensor1D =>
  tf.relu(tf.sub(1, tf.mul(preferenceLogits(logps, options), options.beta)));
