/**
 * Log-probs of the sequences of a batch: what every loss and metric is made of.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { blockAttention } from "@/lib/models/attention.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type Attend, decode } from "@/lib/models/decoder.ts";
import { permuteRows, project, tokenLogps } from "@/lib/models/kernels.ts";
import type { LayoutTensors } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { headWeight, type Weights } from "@/lib/models/weights.ts";

/** Attention within the blocks of a layout. */
function attendInBlocks(
  config: DecoderConfig,
  { places, groups }: LayoutTensors,
  precision: Precision,
): Attend {
  const placed = (x: tf.Tensor) =>
    places ? permuteRows(x, places.rowOfPlace, places.placeOfRow) : x;
  return (_, q_NHK, k_NGK, v_NGK) => {
    const mixed_PC = blockAttention(
      placed(q_NHK),
      placed(k_NGK),
      placed(v_NGK),
      groups,
      config,
      precision,
    );
    return places ? permuteRows(mixed_PC, places.placeOfRow, places.rowOfPlace) : mixed_PC;
  };
}

/** Hidden states of all rows of a layout after the last norm: [N, C]. */
export const hiddenStates = (
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
): tf.Tensor =>
  decode(
    config,
    weights,
    layout.ids_N,
    layout.tables,
    attendInBlocks(config, layout, precision),
    precision,
  );

/** Next-token logits of all rows, fp32 [N, V]; for inspection, not for training. */
export const allLogits = (
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
): tf.Tensor =>
  project(hiddenStates(config, weights, layout, precision), headWeight(weights), precision);

/**
 * Sum over the completion's tokens of log p(token | everything before it), per sequence of the batch.
 *
 * @returns fp32 [sequences]; has a gradient with respect to the weights
 */
export function sequenceLogps(
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
): tf.Tensor1D {
  const h_NC = hiddenStates(config, weights, layout, precision);
  const h_MC = tf.gather(h_NC, layout.scoredRows_M as tf.Tensor1D);
  const logps_M = tokenLogps(h_MC, headWeight(weights), layout.targets_M, precision);
  const sums = tf.unsortedSegmentSum(
    logps_M,
    layout.sequenceOf_M as tf.Tensor1D,
    layout.sequences + 1,
  );
  return tf.slice(sums as tf.Tensor1D, 0, layout.sequences);
}
