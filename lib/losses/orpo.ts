import { customGrad, tf } from "@/lib/tensorflow/mod.ts";
import { averageLogps } from "@/lib/losses/log-ratios.ts";
import { logistic } from "@/lib/losses/logistic.ts";
import type { LossOptions, PairBatch } from "@/lib/losses/types.ts";

/**
 * Odds ratio preference optimisation: the odds of the mean probabilities of a token, and the negative
 * log-likelihood of a token of the chosen text, of which the batch has N. No reference.
 *
 * $$-\beta \log\sigma\Bigl(\log\frac{e^{\bar p_w}}{1 - e^{\bar p_w}} - \log\frac{e^{\bar p_l}}{1 - e^{\bar p_l}}\Bigr)
 * - \frac1N \sum_{(x, y_w)} \log\pi(x, y_w)$$
 *
 * Hong et al. 2024 (arXiv 2403.07691), equations 4, 6 and 7, with the paper's λ as β. As in the authors' code and in
 * TRL the likelihood is that of prompt and response, a mean over all tokens of the batch, so that it is the same
 * for each of its pairs; with gradient accumulation it is the mean over the tokens of each part.
 *
 * @param batch fp32 [pairs] each
 * @returns fp32 [pairs]
 */
export function orpoLoss(batch: PairBatch, { beta }: LossOptions): tf.Tensor1D {
  const { chosen, rejected } = averageLogps(batch);
  const logOdds = (logp: tf.Tensor1D) => tf.sub(logp, logOneMinusExp(logp));
  const preference = logistic(tf.sub(logOdds(chosen), logOdds(rejected)));
  const likelihood = tf.neg(
    tf.div(tf.sum(batch.chosenTextLogps!), tf.sum(batch.chosenTextLengths!)),
  );
  return tf.add(tf.mul(preference, beta), likelihood);
}

/** log(1 − exp(x)) for x < 0, accurate near 0 and far from it; its derivative is −1/(exp(−x) − 1). */
const logOneMinusExp = customGrad((x: tf.Tensor) => {
  const near = tf.log(tf.neg(tf.expm1(x))), far = tf.log1p(tf.neg(tf.exp(x)));
  return {
    value: tf.where(tf.greater(x, -Math.LN2), near, far),
    saved: [x],
    gradients: (dy, [x]) => [() => tf.neg(tf.div(dy, tf.expm1(tf.neg(x))))],
  };
});
