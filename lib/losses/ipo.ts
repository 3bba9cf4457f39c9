import { tf } from "@/lib/tensorflow/mod.ts";
import { averagePreferenceLogits, preferenceLogits } from "@/lib/losses/log-ratios.ts";
import type { LossOptions, PairLengths, PairLogps } from "@/lib/losses/types.ts";

/**
 * Identity preference optimisation, where h is how much more the policy prefers chosen to rejected than the
 * reference does.
 *
 * $$\Bigl(h - \frac{1}{2\beta}\Bigr)^2$$
 *
 * Azar et al. 2023 (arXiv 2310.12036), equation 17, with the paper's τ as β. On log-probs summed over tokens as in
 * the reference, or with `averageLogProb` on their means, as its authors say they did and as TRL does.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function ipoLoss(
  batch: PairLogps & Partial<PairLengths>,
  options: LossOptions,
): tf.Tensor1D {
  const h = options.averageLogProb
    ? averagePreferenceLogits(batch as PairLogps & PairLengths, options)
    : preferenceLogits(batch, options);
  return tf.square(tf.sub(h, 1 / (2 * options.beta)));
}
