import { tf } from "@/lib/tensorflow/mod.ts";
import { preferenceLogits } from "@/lib/losses/log-ratios.ts";
import { smoothedLogistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairLogps } from "@/lib/losses/types.ts";

/**
 * Direct preference optimisation. h is how much more the policy prefers chosen to rejected than the reference
 * does, ε = `labelSmoothing`.
 *
 * $$-(1 - \varepsilon)\,\log\sigma(\beta h) - \varepsilon\,\log\sigma(-\beta h)$$
 *
 * Rafailov et al. 2023 (arXiv 2305.18290), equation 7; ε > 0 is conservative DPO, equation 3 of
 * https://ericmitchell.ai/cdpo.pdf; `preference_loss` in the reference's trainers.py.
 *
 * @param logps fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export const dpoLoss = (logps: PairLogps, options: LossOptions): tf.Tensor1D =>
  smoothedLogistic(
    tf.mul(preferenceLogits(logps, options), options.beta),
    options.labelSmoothing,
  );
