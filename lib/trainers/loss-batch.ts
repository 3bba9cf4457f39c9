/**
 * From a batch's layout and its tokens' log-probs to what the losses read.
 *
 * @module
 */
import { attr, DataType, op, tf } from "@/lib/tensorflow/mod.ts";
import type { Sequence, TokenizedPair } from "@/lib/datasets/types.ts";
import type { LossSettings, PairBatch } from "@/lib/losses/mod.ts";
import { type Layout, type LayoutTensors, segmentLengths } from "@/lib/models/layout.ts";
import { sumBySegment, type TokenScores } from "@/lib/models/logps.ts";

/** What a policy says of the segments of a batch, fp32 [segments] each. */
export interface SegmentScores {
  /** Sums of log-probs, of tokens as they are weighted. */
  logps: tf.Tensor1D;
  /** The same of unweighted tokens. */
  plainLogps: tf.Tensor1D;
  /** Means of log p − log Σ p², without a gradient; null where no loss asks for them. */
  alignment: tf.Tensor1D | null;
}

/**
 * LD-DPO's weights of the scored tokens: 1 up to the length of the pair's shorter response, α beyond it.
 *
 * Liu et al. 2024, "Length Desensitization in DPO" (arXiv 2409.06411), equation 8.
 */
export function lengthWeights(layout: Layout, alpha: number): Float32Array {
  const { segmentOf, sequences } = layout, half = sequences / 2;
  const lengths = segmentLengths(layout), seen = new Float32Array(sequences);
  // Tokens of a response come in their order.
  return Float32Array.from(segmentOf, (segment) => {
    if (segment >= sequences) return 1;
    const other = lengths[(segment + half) % sequences];
    return seen[segment]++ < Math.min(lengths[segment], other) ? 1 : alpha;
  });
}

/** Sums a policy's token scores. */
export function segmentScores(
  { logps_M, collisions_M }: TokenScores,
  layout: LayoutTensors,
): SegmentScores {
  const plainLogps = sumBySegment(logps_M, layout), { weights_M, lengths } = layout;
  return {
    plainLogps,
    logps: weights_M ? sumBySegment(tf.mul(logps_M, weights_M), layout) : plainLogps,
    alignment: collisions_M && tf.sub(
      tf.div(plainLogps, lengths),
      tf.div(sumBySegment(collisions_M, layout), lengths),
    ),
  };
}

/** A bare operation is a constant to tfjs's gradients. */
const withoutGradient = (x: tf.Tensor): tf.Tensor1D =>
  op("StopGradient", [attr.type("T", DataType.float32)], [x]) as tf.Tensor1D;

/** Chosen sequences come first, then the rejected ones, then, for ORPO, the prompts. */
export function pairBatch(
  { logps, plainLogps, alignment }: SegmentScores,
  referenceLogps: tf.Tensor1D,
  mismatchedRatios: tf.Tensor1D | undefined,
  { lengths, sequences, segments }: LayoutTensors,
): PairBatch {
  const pairs = sequences / 2;
  const part = (x: tf.Tensor1D, i: number) => tf.slice(x, i * pairs, pairs);
  const text = (x: tf.Tensor1D): tf.Tensor1D => tf.add(part(x, 0), part(x, 2));
  const prompts = segments > sequences && {
    chosenTextLogps: text(plainLogps),
    chosenTextLengths: text(lengths),
  };
  // WPO's weights are constants of the step.
  const aligned = alignment && {
    chosenAlignment: withoutGradient(part(alignment, 0)),
    rejectedAlignment: withoutGradient(part(alignment, 1)),
  };
  return {
    policyChosenLogps: part(logps, 0),
    policyRejectedLogps: part(logps, 1),
    referenceChosenLogps: part(referenceLogps, 0),
    referenceRejectedLogps: part(referenceLogps, 1),
    chosenLengths: part(lengths, 0),
    rejectedLengths: part(lengths, 1),
    chosenTokenLogps: part(plainLogps, 0),
    mismatchedRatios,
    ...prompts,
    ...aligned,
  };
}

/**
 * KTO's pairs for its reference point: each prompt with the responses of the pair before it.
 *
 * @param longest more tokens than the model was made for are cut off
 */
export function mismatchedPairs(pairs: TokenizedPair[], longest: number): TokenizedPair[] {
  return pairs.map((pair, i) => {
    const other = pairs.at(i - 1)!;
    const answer = (own: Sequence, { ids, start }: Sequence) => ({
      ids: [...own.ids.slice(0, own.start), ...ids.slice(start)].slice(0, longest),
      start: own.start,
    });
    return {
      ...pair,
      chosen: answer(pair.chosen, other.chosen),
      rejected: answer(pair.rejected, other.rejected),
    };
  });
}

/** Whether a loss reads the log-probs of prompts. */
export const scoresPrompts = ({ name, plus = [] }: LossSettings): boolean =>
  [name, ...plus.map((term) => term.name)].includes("orpo");
