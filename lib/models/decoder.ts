/**
 * A decoder-only transformer of the Llama family, from embeddings to hidden states.
 *
 * How tokens lie in memory and who attends to whom is the caller's: the decoder sees rows of tokens and is
 * handed an `attend` function. Suffixes as in kernels.ts, and A = (H + 2G)·K.
 *
 * @module
 */
import { scope, tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { addNorm, addResidual, embed, linear, rmsNorm, swiGlu } from "@/lib/models/kernels.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { embeddingTable, layerWeights, type Weights } from "@/lib/models/weights.ts";

/**
 * Attention of one layer over rows: queries, keys and values beside each other (not rotated yet) in, the mix of
 * values [N, H·K] out.
 */
export type Attend = (layer: number, qkv_NA: tf.Tensor) => tf.Tensor;

/**
 * The residual stream of all rows after the last layer: fp32 [N, C]. {@link lastNorm} makes of it what is
 * multiplied with the output projection.
 *
 * @param rows_NC embeddings of the rows' tokens, fp32
 */
export function decode(
  config: DecoderConfig,
  weights: Weights,
  rows_NC: tf.Tensor,
  attend: Attend,
  precision: Precision,
): tf.Tensor {
  const epsilon = config.rms_norm_eps;
  let x_NC = rows_NC, block_NC: tf.Tensor | null = null;
  /** Adds what the last block computed, and norms. */
  const next = (norm_C: tf.Tensor) => {
    if (!block_NC) return rmsNorm(x_NC, norm_C, epsilon, precision);
    const [sum_NC, h_NC] = addNorm(x_NC, block_NC, norm_C, epsilon, precision);
    x_NC = sum_NC;
    return h_NC;
  };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    scope(`layer ${layer}`, () => {
      const w = layerWeights(weights, layer, precision);
      scope("attention", () => {
        const qkv_NA = linear(next(w.attentionNorm), w.qkv());
        block_NC = linear(attend(layer, qkv_NA), w.output());
      });
      scope("feed-forward", () => {
        const gateUp_N2F = linear(next(w.feedForwardNorm), w.gateUp());
        block_NC = linear(swiGlu(gateUp_N2F, precision), w.down());
      });
    });
  }
  return addResidual(x_NC, block_NC!, precision);
}

/** Embeddings of tokens, fp32 [N, C]. */
export const embedTokens = (weights: Weights, ids_N: tf.Tensor): tf.Tensor =>
  scope("embedding", () => embed(ids_N, embeddingTable(weights)));

/** The last norm, in the precision of the products. */
export const lastNorm = (
  config: DecoderConfig,
  weights: Weights,
  x_NC: tf.Tensor,
  precision: Precision,
): tf.Tensor =>
  scope("head", () => rmsNorm(x_NC, weights["model.norm.weight"], config.rms_norm_eps, precision));
