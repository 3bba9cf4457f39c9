import { tf } from "@/lib/tensorflow/mod.ts";
import type { Divergence } from "@/lib/losses/types.ts";

/** exp of more than this is not finite in fp32 after a few operations. */
const LARGEST_EXPONENT = 80;

/**
 * f′(u) at u = exp(log-ratio), for the f-divergence between policy and reference that training is held by.
 *
 * Wang et al. 2023, "Beyond Reverse KL" (arXiv 2309.16240), table 1 and equation 9: reverse KL gives log u (plus a
 * constant that cancels between two responses), forward KL 1 − 1/u, Jensen–Shannon log 2u/(u + 1), and the
 * α-divergence (u^(α−1) − 1)/(α − 1), which is log u at α = 1.
 *
 * @param ratios log-ratios, fp32 [pairs]
 */
export function divergenceScore(
  ratios: tf.Tensor1D,
  divergence: Divergence = "reverse_kl",
  alpha = 0.5,
): tf.Tensor1D {
  switch (divergence) {
    case "reverse_kl":
      return ratios;
    case "forward_kl":
      return tf.sub(1, tf.exp(tf.minimum(tf.neg(ratios), LARGEST_EXPONENT)));
    case "js":
      return tf.sub(Math.LN2, tf.softplus(tf.neg(ratios)));
    case "alpha": {
      const power = alpha - 1;
      if (Math.abs(power) < 1e-6) return ratios;
      const exponent = tf.minimum(tf.mul(ratios, power), LARGEST_EXPONENT);
      return tf.div(tf.sub(tf.exp(exponent), 1), power);
    }
  }
}
