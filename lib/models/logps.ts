/**
 * Log-probs of the sequences of a batch: what every loss and metric is made of.
 *
 * @module
 */
import { scope, tf } from "@/lib/tensorflow/mod.ts";
import { blockAttention } from "@/lib/models/attention.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type Attend, decode, embedTokens, lastNorm } from "@/lib/models/decoder.ts";
import { permuteRows, project } from "@/lib/models/kernels.ts";
import type { LayoutTensors } from "@/lib/models/layout.ts";
import type { Adapters } from "@/lib/models/lora-linear.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { tokenLogps } from "@/lib/models/vocabulary.ts";
import { headWeight, type Weights } from "@/lib/models/weights.ts";

/** Attention within the blocks of a layout. */
function attendInBlocks(
  config: DecoderConfig,
  { places, groups, tables }: LayoutTensors,
  precision: Precision,
): Attend {
  return (_, qkv_NA) => {
    if (!places) return blockAttention(qkv_NA, tables, groups, config, precision);
    const { rowOfPlace, placeOfRow } = places;
    const qkv_PA = permuteRows(qkv_NA, rowOfPlace, placeOfRow);
    const mixed_PQ = blockAttention(qkv_PA, tables, groups, config, precision);
    return permuteRows(mixed_PQ, placeOfRow, rowOfPlace);
  };
}

/** Next-token logits of all rows, fp32 [N, V]; for inspection, not for training. */
export const allLogits = (
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
): tf.Tensor =>
  project(
    lastNorm(
      config,
      weights,
      decode(
        config,
        weights,
        embedTokens(weights, layout.ids_N),
        attendInBlocks(config, layout, precision),
        precision,
      ),
      precision,
    ),
    headWeight(weights),
    precision,
  );

/**
 * Sum over the completion's tokens of log p(token | everything before it), per sequence of the batch.
 *
 * @param rows_NC the tokens' embeddings, where their gradient is wanted and not that of the whole table
 * @param checkpointing compute activations again for the gradient instead of keeping them
 * @param adapters LoRA on the weights, which then have no gradient
 * @returns fp32 [sequences]; has a gradient with respect to the weights, or the adapters, and to `rows_NC`
 */
export function sequenceLogps(
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
  rows_NC: tf.Tensor = embedTokens(weights, layout.ids_N),
  checkpointing = false,
  adapters: Adapters | null = null,
): tf.Tensor1D {
  const attend = attendInBlocks(config, layout, precision);
  const x_NC = decode(config, weights, rows_NC, attend, precision, checkpointing, adapters);
  // Only rows that are scored go through the last norm and the vocabulary.
  const x_MC = tf.gather(x_NC, layout.scoredRows_M as tf.Tensor1D);
  const h_MC = lastNorm(config, weights, x_MC, precision, adapters !== null);
  return scope("head", () => {
    const logps_M = tokenLogps(h_MC, headWeight(weights), layout.targets_M, precision);
    const sums = tf.unsortedSegmentSum(
      logps_M,
      layout.sequenceOf_M as tf.Tensor1D,
      layout.sequences + 1,
    );
    return tf.slice(sums as tf.Tensor1D, 0, layout.sequences);
  });
}
