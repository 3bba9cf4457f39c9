/**
 * A decoder-only transformer, from embeddings to hidden states: Llama's, and what others do differently.
 *
 * How tokens lie in memory and who attends to whom is the caller's: the decoder sees rows of tokens and is
 * handed an `attend` function. Suffixes as in kernels.ts, and A = (H + 2G)·K.
 *
 * @module
 */
import { outlined, recompute, scope, tf } from "@/lib/tensorflow/mod.ts";
import { activate } from "@/lib/models/activations.ts";
import { type DecoderConfig, isSliding } from "@/lib/models/config.ts";
import { normHeads } from "@/lib/models/head-norms.ts";
import {
  addBias,
  addBlocks,
  addResidual,
  concat,
  embed,
  linear,
  type MatrixProduct,
  scaleRows,
} from "@/lib/models/kernels.ts";
import { adaptedLinear, type Adapters } from "@/lib/models/lora-linear.ts";
import { addNorm, norm, type NormSettings, type NormWeights } from "@/lib/models/norms.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import { ownRows, type TensorShare } from "@/lib/models/tensor-share.ts";
import {
  embeddingTable,
  layerWeights,
  normWeights,
  positionTable,
  type Product,
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
  /** Trace one layer for all that are computed alike. `attend` then has to do the same in each of them. */
  alike?: boolean;
  /** Multiplies with a matrix, x_NI · w_OIᵀ; without a gradient where it is not the usual one. */
  product?: MatrixProduct;
  /** Position of each row, int32 [N], where the model has a table of positions. */
  positions_N?: tf.Tensor | null;
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
  {
    checkpointing = false,
    adapters = null,
    plan = HERE,
    alike = false,
    product: multiply,
    positions_N = null,
  }: DecodeOptions = {},
): tf.Tensor {
  const { activation = "silu", gated = true, parallel } = config.differences ?? {};
  const frozen = adapters !== null, settings = normSettings(config, precision, frozen);
  const { enter, leave } = plan.share ?? { enter: asItIs, leave: asItIs };
  /** Adds what the last block computed, and norms. */
  const next = ({ x_NC, block_NC }: Stream, weights: NormWeights): { x_NC: Rows; h_NC: Rows } => {
    const parts = x_NC.map((x, i) => addNorm(x, block_NC[i], weights, settings));
    return { x_NC: parts.map(([x]) => x), h_NC: parts.map(([, h]) => h) };
  };
  const normed = (x_NC: Rows, weights: NormWeights | undefined): Rows =>
    weights ? x_NC.map((x) => norm(x, weights, settings)) : x_NC;
  const layerOf = (layer: number) => (stream: Stream, trained: Weights, fixed: Weights): Stream => {
    const [own, adapterWeights] = frozen ? [fixed, trained] : [trained, {}];
    const w = layerWeights(plan.gather(own, stream.block_NC), layer, precision);
    /** @param sum of the parts that processes have of a product */
    const product = (x: Rows, { name, matrix, bias }: Product, sum = asItIs): Rows => {
      const y = adapters
        ? adaptedLinear(
          x,
          matrix(),
          { config, layer, name, inputsOf: sum === leave ? plan.share : null },
          { ...adapters, weights: adapterWeights },
          precision,
        )
        : multiply
        ? x.map((part) => multiply(part, matrix()))
        : linear(x, matrix());
      const b = bias();
      return b ? sum(y).map((y) => addBias(y, b, precision)) : sum(y);
    };
    const attention = (h_NC: Rows): Rows => {
      const { queryNorm, keyNorm } = w, qkv_NA = product(enter(h_NC), w.qkv);
      const heads_NA = queryNorm && keyNorm
        ? qkv_NA.map((x) => normHeads(x, queryNorm, keyNorm, config, precision))
        : qkv_NA;
      const mixed_NQ = inParts(attend(layer, concat(heads_NA, 0)));
      return normed(product(mixed_NQ, w.output, leave), w.attentionPostNorm);
    };
    const feedForward = (h_NC: Rows): Rows => {
      const mixed_NF = product(enter(h_NC), w.gateUp).map((x) =>
        activate(x, activation, precision, gated)
      );
      return normed(product(mixed_NF, w.down, leave), w.feedForwardPostNorm);
    };
    const attended = scope("attention", () => {
      const { x_NC, h_NC } = next(stream, w.attentionNorm);
      return { x_NC, h_NC, block_NC: attention(h_NC) };
    });
    return scope("feed-forward", (): Stream => {
      if (parallel) {
        const { x_NC, h_NC, block_NC } = attended;
        const own_NC = parallel === "one-norm" ? h_NC : normed(x_NC, w.feedForwardNorm);
        const both_NC = feedForward(own_NC).map((y, i) => addBlocks(y, block_NC[i], precision));
        return { x_NC, block_NC: both_NC };
      }
      const { x_NC, h_NC } = next(attended, w.feedForwardNorm!);
      return { x_NC, block_NC: feedForward(h_NC) };
    });
  };
  const kinds = new Map<boolean, { first: number; run: ReturnType<typeof layerOf> }>();
  /** The first layer of each kind is recorded for all of its kind. */
  const kindOf = (layer: number) => {
    const sliding = isSliding(config, layer);
    let kind = kinds.get(sliding);
    if (!kind) {
      const run = outlined(layerOf(layer), { name: "layer", recompute: checkpointing });
      kinds.set(sliding, kind = { first: layer, run });
    }
    return kind;
  };
  const x_NC = inParts(entered(config, weights, rows_NC, positions_N));
  // Nothing is added before the first layer, which is so a layer like the others.
  let stream: Stream = { x_NC, block_NC: x_NC.map((x) => toCompute(tf.zerosLike(x), precision)) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const own = weightsOfLayer(weights, layer);
    const adapterWeights = weightsOfLayer(adapters?.weights ?? {}, layer);
    const [trained, fixed] = frozen ? [adapterWeights, own] : [own, {}];
    const run = () => {
      if (alike) {
        const { first, run } = kindOf(layer);
        return run(stream, renumbered(trained, layer, first), renumbered(fixed, layer, first));
      }
      const each = layerOf(layer);
      return (checkpointing ? recompute(each) : each)(stream, trained, fixed);
    };
    stream = plan.place(layer, () => scope(`layer ${layer}`, run));
  }
  return concat(stream.x_NC.map((x, i) => addResidual(x, stream.block_NC[i], precision)), 0);
}

const normSettings = (
  { rms_norm_eps: epsilon, differences }: DecoderConfig,
  precision: Precision,
  frozen: boolean,
): NormSettings => ({ kind: differences?.norm ?? "rms", epsilon, precision, frozen });

/** What the first layer is given: embeddings with their factor, and with those of their positions. */
function entered(
  { differences: { embeddingScale, learnedPositions } = {} }: DecoderConfig,
  weights: Weights,
  rows_NC: tf.Tensor,
  positions_N: tf.Tensor | null,
): tf.Tensor {
  const scaled = embeddingScale === undefined ? rows_NC : scaleRows(rows_NC, embeddingScale);
  if (!learnedPositions) return scaled;
  if (!positions_N) throw new RangeError("a model with a table of positions needs positions_N");
  return scope(
    "embedding",
    () => addResidual(scaled, embed(positions_N, positionTable(weights)), "fp32"),
  );
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
 * @param frozen its weights have no gradient
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
    () => norm(x_NC, normWeights(weights, "model.norm")!, normSettings(config, precision, frozen)),
  );
