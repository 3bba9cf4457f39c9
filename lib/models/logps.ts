/**
 * Log-probs of the sequences of a batch: what every loss and metric is made of.
 *
 * @module
 */
import { scope, tf } from "@/lib/tensorflow/mod.ts";
import { blockAttention } from "@/lib/models/attention.ts";
import { type DecoderConfig, isSliding } from "@/lib/models/config.ts";
import {
  type Attend,
  decode,
  type DecodeOptions,
  embedTokens,
  lastNorm,
} from "@/lib/models/decoder.ts";
import { type MatrixProduct, permuteRows, project, withBias } from "@/lib/models/kernels.ts";
import type { LayoutTensors } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { capLogits, tokenLogps } from "@/lib/models/vocabulary.ts";
import { headBias, headWeight, type Weights } from "@/lib/models/weights.ts";

/** Attention within the blocks of a layout. */
function attendInBlocks(
  config: DecoderConfig,
  { places, groups: all, slidingGroups }: LayoutTensors,
  precision: Precision,
): Attend {
  return (layer, qkv_NA) => {
    const groups = slidingGroups && isSliding(config, layer) ? slidingGroups : all;
    if (!places) return blockAttention(qkv_NA, groups, config, precision);
    const { rowOfPlace, placeOfRow } = places;
    const qkv_PA = permuteRows(qkv_NA, rowOfPlace, placeOfRow);
    const mixed_PQ = blockAttention(qkv_PA, groups, config, precision);
    return permuteRows(mixed_PQ, placeOfRow, rowOfPlace);
  };
}

/** Next-token logits of all rows, fp32 [N, V]; for inspection, not for training. */
export function allLogits(
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
): tf.Tensor {
  const rows_NC = embedTokens(weights, layout.ids_N);
  const attend = attendInBlocks(config, layout, precision);
  const x_NC = decode(config, weights, rows_NC, attend, precision, {
    positions_N: layout.positions_N,
  });
  return vocabularyLogits(config, weights, lastNorm(config, weights, x_NC, precision), precision);
}

/**
 * Next-token logits of rows after the last norm, fp32 [N, V]; without a gradient.
 *
 * @param h_NC in the precision of the products
 */
export function vocabularyLogits(
  config: DecoderConfig,
  weights: Weights,
  h_NC: tf.Tensor,
  precision: Precision,
  product?: MatrixProduct,
): tf.Tensor {
  const { h, head } = headInputs(weights, h_NC, precision);
  return capLogits(project(h, head, precision, product), config.differences?.logitCap, "fp32");
}

/** What is multiplied for the scores of the vocabulary. */
function headInputs(weights: Weights, h_NC: tf.Tensor, precision: Precision) {
  const head = headWeight(weights), bias = headBias(weights);
  return bias ? withBias(h_NC, head, bias, precision) : { h: h_NC, head };
}

/** How log-probs are computed, beside the weights and the batch. */
export interface ScoringOptions extends DecodeOptions {
  /** The tokens' embeddings, where their gradient is wanted and not that of the whole table. */
  rows_NC?: tf.Tensor;
  /** Compute log Σ_v p(v)² of each token too. */
  collisions?: boolean;
}

/** Of each scored token, fp32 [M]. */
export interface TokenScores {
  /** log p(token | everything before it). Has a gradient with respect to weights, or adapters, and embeddings. */
  logps_M: tf.Tensor1D;
  /** log Σ_v p(v)², the log of the probability that two draws are the same, without a gradient; null unless asked for. */
  collisions_M: tf.Tensor1D | null;
}

/** Scores of the tokens that the layout names, padding among them. */
export function tokenScores(
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
  { rows_NC, collisions = false, ...options }: ScoringOptions = {},
): TokenScores {
  const attend = attendInBlocks(config, layout, precision), share = options.plan?.share ?? null;
  const x_NC = decode(
    config,
    weights,
    rows_NC ?? embedTokens(weights, layout.ids_N, share),
    attend,
    precision,
    {
      ...options,
      positions_N: layout.positions_N,
      alike: (options.plan?.alike ?? true) && !options.adapters?.dropoutSeed,
    },
  );
  // Only rows that are scored go through the last norm and the vocabulary.
  const x_MC = tf.gather(x_NC, layout.scoredRows_M as tf.Tensor1D);
  const h_MC = lastNorm(config, weights, x_MC, precision, Boolean(options.adapters));
  return scope("head", () => {
    const { h, head } = headInputs(weights, h_MC, precision);
    const [logps_M, collisions_M = null] = tokenLogps(
      share ? share.enter([h])[0] : h,
      head,
      layout.targets_M,
      precision,
      collisions,
      { share, cap: config.differences?.logitCap },
    );
    return { logps_M, collisions_M };
  });
}

/** Sums of scored tokens' values by segment, fp32 [segments]. */
export const sumBySegment = (
  values_M: tf.Tensor,
  { segmentOf_M, segments }: LayoutTensors,
): tf.Tensor1D =>
  tf.slice(
    tf.unsortedSegmentSum(values_M, segmentOf_M as tf.Tensor1D, segments + 1) as tf.Tensor1D,
    0,
    segments,
  );

/**
 * Sum over the completion's tokens of log p(token | everything before it), per sequence of the batch.
 *
 * @returns fp32 [sequences]
 */
export const sequenceLogps = (
  config: DecoderConfig,
  weights: Weights,
  layout: LayoutTensors,
  precision: Precision,
  options: ScoringOptions = {},
): tf.Tensor1D =>
  tf.slice(
    sumBySegment(tokenScores(config, weights, layout, precision, options).logps_M, layout),
    0,
    layout.sequences,
  );
