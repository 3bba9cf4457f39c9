/**
 * What the losses take and give. All tensors are fp32 vectors over the pairs of a batch.
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

/** How many tokens the responses have, the closing EOS among them. */
export interface PairLengths {
  chosenLengths: tf.Tensor1D;
  rejectedLengths: tf.Tensor1D;
}

/** Everything that some loss reads of a batch. */
export interface PairBatch extends PairLogps, PairLengths {
  /**
   * For a term that imitates the chosen response: its log p without {@link LossOptions.ldAlpha}'s weights, where
   * they differ from `policyChosenLogps`.
   */
  chosenTokenLogps?: tf.Tensor1D;
  /** For ORPO: log p of prompt and chosen response together, and how many tokens that is. */
  chosenTextLogps?: tf.Tensor1D;
  chosenTextLengths?: tf.Tensor1D;
  /** For WPO: means over the responses' tokens of log p(token) − log Σ p², without a gradient. */
  chosenAlignment?: tf.Tensor1D;
  rejectedAlignment?: tf.Tensor1D;
  /** For KTO: log-ratios of responses to other prompts of the batch, without a gradient; any number. */
  mismatchedRatios?: tf.Tensor1D;
}

/** What a pair loss gives for each pair. */
export interface PairLosses {
  losses: tf.Tensor1D;
  /** β·(policy − reference) log-prob of the chosen response; for metrics, not for gradients. */
  chosenRewards: tf.Tensor1D;
  rejectedRewards: tf.Tensor1D;
}

/** Names of the f-divergences between policy and reference. */
export const DIVERGENCES = ["reverse_kl", "forward_kl", "js", "alpha"] as const;
export type Divergence = typeof DIVERGENCES[number];

/** Settings of losses, each read by those that know it. */
export interface LossOptions {
  /** How strongly the policy is held to the reference; the paper of DPO uses 0.1 to 0.5. */
  beta: number;
  /** Probability that a label is wrong; 0 when not given. */
  labelSmoothing?: number;
  /** Take the reference to prefer neither response. */
  referenceFree?: boolean;
  /** Means over tokens instead of sums (SFT, IPO). */
  averageLogProb?: boolean;
  /** f-divergence whose gradient the scores are; reverse KL, which is DPO's, when not given. */
  divergence?: Divergence;
  /** α of the alpha divergence; 0.5 when not given. */
  divergenceAlpha?: number;
  /** LD-DPO's α: weight of the log-probs of tokens beyond the shorter response's length. */
  ldAlpha?: number | null;
  /** Weigh pairs by how likely the policy itself is to write them (WPO). */
  wpo?: boolean;
  /** SimPO's target margin γ; 0.5 when not given. */
  gamma?: number;
  /** DiscoPOP's temperature τ; 0.05 when not given. */
  discopopTau?: number;
  /** KTO's weights of desirable and of undesirable examples; 1 when not given. */
  desirableWeight?: number;
  undesirableWeight?: number;
}
