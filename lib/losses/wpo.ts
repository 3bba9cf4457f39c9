import { tf } from "@/lib/tensorflow/mod.ts";
import type { PairBatch } from "@/lib/losses/types.ts";

/**
 * Weighted preference optimisation: each pair counts as much as the policy would write its responses itself,
 * exp(m_w)·exp(m_l) with m the mean over a response's tokens of log p(token) − log Σ_v p(v)², so that the policy's own
 * samples weigh about 1.
 *
 * Zhou et al. 2024 (arXiv 2406.11827), equation 2 with the alignment of its section 3.2.
 *
 * @param batch fp32 [pairs] each; the alignments have no gradient
 * @returns fp32 [pairs]
 */
export const pairWeights = ({ chosenAlignment, rejectedAlignment }: PairBatch): tf.Tensor1D =>
  tf.exp(tf.add(chosenAlignment!, rejectedAlignment!));
