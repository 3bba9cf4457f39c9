/**
 * A decoder-only transformer of the Llama family, from embeddings to hidden states.
 *
 * How tokens lie in memory and who attends to whom is the caller's: the decoder sees rows of tokens and is
 * handed an `attend` function. Suffixes as in kernels.ts, and A = (H + 2G)·K.
 *
 * @module
 */
import { outlined, recompute, scope, tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import {
  addNorm,
  addResidual,
  concat,
  embed,
  linear,
  rmsNorm,
  swiGlu,
} from "@/lib/models/kernels.ts";
import { adaptedLinear, type Adapters } from "@/lib/models/lora-linear.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import { ownRows, type TensorShare } from "@/lib/models/tensor-share.ts";
import {
  embeddingTable,
  type Joined,
  layerWeights,
  renumbered,
  type Weights,
  weightsOfLayer,
} from "@/lib/models/weights.ts";

/**
 * Attention of one layer over rows: queries, keys and values beside each other (not rotated yet) in, the mix of
 * values [N, H·K] out.
 */
export type Attend = (layer: number, qkv_NA: tf.Tensor) => tf.Tensor;

/** Rows in parts, one below the other. What works on rows alone works on the parts beside each other. */
type Rows = tf.Tensor[];

/** What runs through the layers: the residual stream, fp32 [N, C], and what the last block adds to it. */
interface Stream {
  x_NC: Rows;
  block_NC: Rows;
}

/** Fewer rows are not worth a product of their own. */
const LEAST_ROWS = 128;

/**
 * Rows in two halves. One layer needs the one before, and within a layer one operation the other: with one part
 * most operations would run alone, on one thread; two parts depend on each other in attention only.
 */
function inParts(x_NI: tf.Tensor): Rows {
  const rows = x_NI.shape[0], half = rows / 2;
  // Beginnings of halves on a multiple of 32 rows are views into the whole; others would be copied.
  return half >= LEAST_ROWS && half % 32 === 0 ? tf.split(x_NI, 2, 0) : [x_NI];
}

/** What is done around the layers, where they are not all here as they are. */
export interface LayerPlan {
  /** Runs a layer where it belongs. */
  place<R>(layer: number, run: () => R): R;
  /**
   * Makes a layer's tensors of what the weights have of it.
   * @param input what the layer is given, before which its tensors are not needed
   */
  gather(own: Weights, input: tf.Tensor[]): Weights;
  /** Whether all layers are computed alike, in one place. */
  alike: boolean;
  /** With whom this process shares the matrices; null where they are whole. */
  share: TensorShare | null;
}
const HERE: LayerPlan = {
  place: (_, run) => run(),
  gather: (own) => own,
  alike: true,
  share: null,
};
const asItIs = (x: Rows) => x;

export interface DecodeOptions {
  /** Keep two tensors a layer for the gradient and compute the rest again. */
  checkpointing?: boolean;
  /** LoRA on the products; the weights themselves then have no gradient. */
  adapters?: Adapters | null;
  plan?: LayerPlan;
  /** Trace one layer for all of them. `attend` then has to do the same in each. */
  alike?: boolean;
}

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
  { checkpointing = false, adapters = null, plan = HERE, alike = false }: DecodeOptions = {},
): tf.Tensor {
  const epsilon = config.rms_norm_eps, frozen = adapters !== null;
  const { enter, leave } = plan.share ?? { enter: asItIs, leave: asItIs };
  /** Adds what the last block computed, and norms. */
  const next = ({ x_NC, block_NC }: Stream, norm_C: tf.Tensor): { x_NC: Rows; h_NC: Rows } => {
    const parts = x_NC.map((x, i) => addNorm(x, block_NC[i], norm_C, epsilon, precision, frozen));
    return { x_NC: parts.map(([x]) => x), h_NC: parts.map(([, h]) => h) };
  };
  const layerOf = (layer: number) => (stream: Stream, trained: Weights, fixed: Weights): Stream => {
    const [own, adapterWeights] = frozen ? [fixed, trained] : [trained, {}];
    const w = layerWeights(plan.gather(own, stream.block_NC), layer, precision);
    const product = (x: Rows, name: Joined, matrix: tf.Tensor): Rows =>
      adapters
        ? adaptedLinear(
          x,
          matrix,
          { config, layer, name },
          { ...adapters, weights: adapterWeights },
          precision,
        )
        : linear(x, matrix);
    const attended = scope("attention", (): Stream => {
      const { x_NC, h_NC } = next(stream, w.attentionNorm);
      const qkv_NA = concat(product(enter(h_NC), "self_attn.qkv_proj", w.qkv()), 0);
      const mixed_NQ = inParts(attend(layer, qkv_NA));
      return { x_NC, block_NC: leave(product(mixed_NQ, "self_attn.o_proj", w.output())) };
    });
    return scope("feed-forward", (): Stream => {
      const { x_NC, h_NC } = next(attended, w.feedForwardNorm);
      const gateUp_N2F = product(enter(h_NC), "mlp.gate_up_proj", w.gateUp());
      const mixed_NF = gateUp_N2F.map((x) => swiGlu(x, precision));
      return { x_NC, block_NC: leave(product(mixed_NF, "mlp.down_proj", w.down())) };
    });
  };
  const one = outlined(layerOf(0), { name: "layer", recompute: checkpointing });
  const x_NC = inParts(rows_NC);
  // Nothing is added before the first layer, which is so a layer like the others.
  let stream: Stream = { x_NC, block_NC: x_NC.map((x) => toCompute(tf.zerosLike(x), precision)) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const own = weightsOfLayer(weights, layer);
    const adapterWeights = weightsOfLayer(adapters?.weights ?? {}, layer);
    const [trained, fixed] = frozen ? [adapterWeights, own] : [own, {}];
    const run = () => {
      if (alike) return one(stream, renumbered(trained, layer, 0), renumbered(fixed, layer, 0));
      const each = layerOf(layer);
      return (checkpointing ? recompute(each) : each)(stream, trained, fixed);
    };
    stream = plan.place(layer, () => scope(`layer ${layer}`, run));
  }
  return concat(stream.x_NC.map((x, i) => addResidual(x, stream.block_NC[i], precision)), 0);
}

/**
 * Embeddings of tokens, fp32 [N, C].
 *
 * @param share where other processes have the rows of other tokens
 */
export const embedTokens = (
  weights: Weights,
  ids_N: tf.Tensor,
  share: TensorShare | null = null,
): tf.Tensor =>
  scope("embedding", () => {
    const table = embeddingTable(weights);
    if (!share) return embed(ids_N, table);
    const { rows_N, own_N1 } = ownRows(ids_N, share.firstToken, table.shape[0]);
    return share.leave([tf.mul(embed(rows_N, table), own_N1)])[0];
  });

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
