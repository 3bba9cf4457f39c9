/**
 * A decoder-only transformer of the Llama family, from embeddings to hidden states.
 *
 * How tokens lie in memory and who attends to whom is the caller's: the decoder sees rows of tokens and is
 * handed an `attend` function. Suffixes as in kernels.ts, and A = (H + 2G)·K.
 *
 * @module
 */
import { recompute, scope, tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { addNorm, addResidual, embed, linear, rmsNorm, swiGlu } from "@/lib/models/kernels.ts";
import type { Precision } from "@/lib/models/precision.ts";
import {
  embeddingTable,
  layerWeights,
  type Weights,
  weightsOfLayer,
} from "@/lib/models/weights.ts";

/**
 * Attention of one layer over rows: queries, keys and values beside each other (not rotated yet) in, the mix of
 * values [N, H·K] out.
 */
export type Attend = (layer: number, qkv_NA: tf.Tensor) => tf.Tensor;

/** What runs through the layers: the residual stream, fp32 [N, C], and what the last block adds to it. */
type Stream = [x_NC: tf.Tensor, block_NC: tf.Tensor | null];

/**
 * The residual stream of all rows after the last layer: fp32 [N, C]. {@link lastNorm} makes of it what is
 * multiplied with the output projection.
 *
 * @param rows_NC embeddings of the rows' tokens, fp32
 * @param checkpointing keep two tensors a layer for the gradient and compute the rest again
 */
export function decode(
  config: DecoderConfig,
  weights: Weights,
  rows_NC: tf.Tensor,
  attend: Attend,
  precision: Precision,
  checkpointing = false,
): tf.Tensor {
  const epsilon = config.rms_norm_eps;
  /** Adds what the last block computed, and norms. */
  const next = ([x_NC, block_NC]: Stream, norm_C: tf.Tensor): [tf.Tensor, tf.Tensor] =>
    block_NC
      ? addNorm(x_NC, block_NC, norm_C, epsilon, precision)
      : [x_NC, rmsNorm(x_NC, norm_C, epsilon, precision)];
  let stream: Stream = [rows_NC, null];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const run = (stream: Stream, weights: Weights): Stream => {
      const w = layerWeights(weights, layer, precision);
      const attended = scope("attention", (): Stream => {
        const [x_NC, h_NC] = next(stream, w.attentionNorm);
        return [x_NC, linear(attend(layer, linear(h_NC, w.qkv())), w.output())];
      });
      return scope("feed-forward", (): Stream => {
        const [x_NC, h_NC] = next(attended, w.feedForwardNorm);
        return [x_NC, linear(swiGlu(linear(h_NC, w.gateUp()), precision), w.down())];
      });
    };
    const own = weightsOfLayer(weights, layer);
    stream = scope(
      `layer ${layer}`,
      () => checkpointing ? recompute(run)(stream, own) : run(stream, own),
    );
  }
  const [x_NC, block_NC] = stream;
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
