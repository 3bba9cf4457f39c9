/**
 * The weights of a model as TensorFlow tensors, under Hugging Face's names.
 *
 * @module
 */
import { attr, DataType, op, tf } from "@/lib/tensorflow/mod.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { joinWeights } from "@/lib/models/kernels.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** Tensor name → fp32 tensor of the shape that `tensorShapes` gives. */
export type Weights = Record<string, tf.Tensor>;

const EMBEDDING = "model.embed_tokens.weight", HEAD = "lm_head.weight";

/** One row per token, [V, C]. */
export const embeddingTable = (weights: Weights): tf.Tensor => weights[EMBEDDING];

/** Whether the output projection is the embedding table. */
export const isTied = (weights: Weights): boolean => !(HEAD in weights);

/** The output projection [V, C]: its own tensor, or the embedding table where the two are tied. */
export const headWeight = (weights: Weights): tf.Tensor => weights[HEAD] ?? weights[EMBEDDING];

/** Names of tensors that multiply the same input, by the name of the matrix that they form together. */
const JOINED = {
  "self_attn.qkv_proj": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
  "self_attn.o_proj": ["self_attn.o_proj"],
  "mlp.gate_up_proj": ["mlp.gate_proj", "mlp.up_proj"],
  "mlp.down_proj": ["mlp.down_proj"],
} as const;
type Joined = keyof typeof JOINED;

const prefix = (layer: number) => `model.layers.${layer}.`;

/** The tensors of one layer, under their full names. */
export const weightsOfLayer = (weights: Weights, layer: number): Weights =>
  Object.fromEntries(
    Object.entries(weights).filter(([name]) => name.startsWith(prefix(layer))),
  );

/**
 * The weights of one layer as its products take them, [outputs, inputs] in the given precision, each made on
 * request: gradients reach the tensors they are made of.
 */
export function layerWeights(weights: Weights, layer: number, precision: Precision) {
  const joined = (name: Joined) => () =>
    weights[`${prefix(layer)}${name}.frozen`] ?? joinWeights(
      JOINED[name].map((part) => weights[`${prefix(layer)}${part}.weight`]),
      precision,
    );
  return {
    attentionNorm: weights[`${prefix(layer)}input_layernorm.weight`],
    qkv: joined("self_attn.qkv_proj"),
    output: joined("self_attn.o_proj"),
    feedForwardNorm: weights[`${prefix(layer)}post_attention_layernorm.weight`],
    gateUp: joined("mlp.gate_up_proj"),
    down: joined("mlp.down_proj"),
  };
}

/**
 * Reads all weights, one tensor at a time.
 * @throws InputError when a tensor is missing or does not have the shape that the configuration asks for
 */
export async function loadWeights(source: ModelSource, onProgress?: OnProgress): Promise<Weights> {
  const weights: Weights = {};
  for (const [i, name] of source.tensorNames.entries()) {
    const values = tf.tensor(await source.read(name), source.shape(name), "float32");
    // Out of JavaScript's memory at once, where the whole model would otherwise wait for its first use.
    weights[name] = op("Identity", [attr.type("T", DataType.float32)], [values]);
    values.dispose();
    onProgress?.(i + 1, source.tensorNames.length, name);
  }
  return weights;
}

/**
 * A copy for a model that is not trained, with the matrices as the products take them once and for all. The
 * embedding table stays fp32: its rows are looked up, not multiplied.
 */
export function frozenWeights(weights: Weights, precision: Precision): Weights {
  const frozen: Weights = {}, used = new Set<string>();
  for (let layer = 0; `${prefix(layer)}input_layernorm.weight` in weights; layer++) {
    for (const [name, parts] of Object.entries(JOINED)) {
      const names = parts.map((part) => `${prefix(layer)}${part}.weight`);
      names.forEach((part) => used.add(part));
      frozen[`${prefix(layer)}${name}.frozen`] = joinWeights(
        names.map((n) => weights[n]),
        precision,
      );
    }
  }
  for (const [name, w] of Object.entries(weights)) if (!used.has(name)) frozen[name] = w.clone();
  const head = toCompute(headWeight(weights), precision);
  if (head !== headWeight(weights)) {
    frozen[HEAD]?.dispose();
    frozen[HEAD] = head;
  }
  return frozen;
}
