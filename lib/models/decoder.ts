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
import { adaptedLinear, type Adapters } from "@/lib/models/lora-linear.ts";
import type { Precision } from "@/lib/models/precision.ts";
import {
  embeddingTable,
  type Joined,
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
 * @param adapters LoRA on the products; the weights themselves then have no gradient
 */
export function decode(
  config: DecoderConfig,
  weights: Weights,
  rows_NC: tf.Tensor,
  attend: Attend,
  precision: Precision,
  checkpointing = false,
  adapters: Adapters | null = null,
): tf.Tensor {
  const epsilon = config.rms_norm_eps, frozen = adapters !== null;
  /** Adds what the last block computed, and norms. */
  const next = ([x_NC, block_NC]: Stream, norm_C: tf.Tensor): [tf.Tensor, tf.Tensor] =>
    block_NC
      ? addNorm(x_NC, block_NC, norm_C, epsilon, precision, frozen)
      : [x_NC, rmsNorm(x_NC, norm_C, epsilon, precision, frozen)];
  let stream: Stream = [rows_NC, null];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const run = (stream: Stream, weights: Weights, trained: Weights): Stream => {
      const w = layerWeights(weights, layer, precision);
      const product = (x: tf.Tensor, name: Joined, matrix: tf.Tensor) =>
        adapters
          ? adaptedLinear(
            x,
            matrix,
            { config, layer, name },
            { ...adapters, weights: trained },
            precision,
          )
          : linear(x, matrix);
      const attended = scope("attention", (): Stream => {
        const [x_NC, h_NC] = next(stream, w.attentionNorm);
        const qkv_NA = product(h_NC, "self_attn.qkv_proj", w.qkv());
        return [x_NC, product(attend(layer, qkv_NA), "self_attn.o_proj", w.output())];
      });
      return scope("feed-forward", (): Stream => {
        const [x_NC, h_NC] = next(attended, w.feedForwardNorm);
        const gateUp_N2F = product(h_NC, "mlp.gate_up_proj", w.gateUp());
        return [x_NC, product(swiGlu(gateUp_N2F, precision), "mlp.down_proj", w.down())];
      });
    };
    const own = weightsOfLayer(weights, layer);
    const trained = weightsOfLayer(adapters?.weights ?? {}, layer);
    stream = scope(
      `layer ${layer}`,
      () => checkpointing ? recompute(run)(stream, own, trained) : run(stream, own, trained),
    );
  }
  const [x_NC, block_NC] = stream;
  return addResidual(x_NC, block_NC!, precision);
}

/** Embeddings of tokens, fp32 [N, C]. */
export const embedTokens = (weights: Weights, ids_N: tf.Tensor): tf.Tensor =>
  scope("embedding", () => embed(ids_N, embeddingTable(weights)));

/**
 * The last norm, in the precision of the products.
 *
 * @param frozen its weight has no gradient
 */
export const lastNorm = (
  config: DecoderConfig,
  weights: Weights,
  x_NC: tf.Tensor,
  precision: Precision,
  frozen = false,
): tf.Tensor =>
  scope(
    "head",
    () => rmsNorm(x_NC, weights["model.norm.weight"], config.rms_norm_eps, precision, frozen),
  );
