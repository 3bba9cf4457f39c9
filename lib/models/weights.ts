/**
 * The weights of a model as TensorFlow tensors, under the names of Llama's at Hugging Face.
 *
 * @module
 */
import { attr, DataType, op, TensorflowError, tf } from "@/lib/tensorflow/mod.ts";
import { InputError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { joinBiases, joinWeights } from "@/lib/models/kernels.ts";
import type { NormWeights } from "@/lib/models/norms.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** Tensor name → fp32 tensor of the shape that `tensorShapes` gives. */
export type Weights = Record<string, tf.Tensor>;

/** Name of the embedding table. */
export const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

/** One row per token, [V, C]. */
export const embeddingTable = (weights: Weights): tf.Tensor => weights[EMBEDDING];

/** Whether the output projection is the embedding table. */
export const isTied = (weights: Weights): boolean => !(HEAD in weights);

/** The output projection [V, C]: its own tensor, or the embedding table where the two are tied. */
export const headWeight = (weights: Weights): tf.Tensor => weights[HEAD] ?? weights[EMBEDDING];

/** What is added to the scores of the vocabulary, fp32 [V]; most models have none. */
export const headBias = (weights: Weights): tf.Tensor | undefined => weights["lm_head.bias"];

/** The table of positions, where there is one, [L, C]. */
export const positionTable = (weights: Weights): tf.Tensor =>
  weights["model.embed_positions.weight"];

/**
 * Names of tensors that multiply the same input, by the name of the matrix that they form together: those of them that
 * a model has.
 */
const JOINED = {
  "self_attn.qkv_proj": [
    "self_attn.qkv_proj",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
  ],
  "self_attn.o_proj": ["self_attn.o_proj"],
  "mlp.gate_up_proj": ["mlp.gate_up_proj", "mlp.gate_proj", "mlp.up_proj"],
  "mlp.down_proj": ["mlp.down_proj"],
} as const;
export type Joined = keyof typeof JOINED;
export const JOINED_NAMES = Object.keys(JOINED) as Joined[];

const prefix = (layer: number) => `model.layers.${layer}.`;

/** The tensors of one layer, or adapters of its, under their full names. */
export const weightsOfLayer = (weights: Weights, layer: number): Weights =>
  Object.fromEntries(
    Object.entries(weights).filter(([name]) => name.includes(prefix(layer))),
  );

/** A layer's tensors, or adapters of its, under the names that they have in another layer. */
export const renumbered = (weights: Weights, from: number, to: number): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([name, value]) => [name.replace(prefix(from), prefix(to)), value]),
  );

/**
 * Names of the tensors that a layer's joined matrix is made of, in the order of its rows.
 * @param has whether the model has a tensor
 */
export const partNames = (
  has: (name: string) => boolean,
  layer: number,
  name: Joined,
): string[] => JOINED[name].map((part) => `${prefix(layer)}${part}.weight`).filter(has);

/**
 * The weights of one layer as its products take them, [outputs, inputs] in the given precision, each made on
 * request: gradients reach the tensors they are made of. Biases are fp32; what a model does not have is undefined.
 */
export function layerWeights(weights: Weights, layer: number, precision: Precision) {
  const at = (name: string): tf.Tensor | undefined => weights[`${prefix(layer)}${name}`];
  const joined = (name: Joined) => ({
    name,
    matrix: () =>
      at(`${name}.frozen`) ?? joinWeights(
        partNames((part) => part in weights, layer, name).map((part) => weights[part]),
        precision,
      ),
    bias: () => {
      const biases = JOINED[name].flatMap((part) => at(`${part}.bias`) ?? []);
      return biases.length > 0 ? joinBiases(biases) : undefined;
    },
  });
  return {
    attentionNorm: normWeights(weights, `${prefix(layer)}input_layernorm`)!,
    qkv: joined("self_attn.qkv_proj"),
    queryNorm: at("self_attn.q_norm.weight"),
    keyNorm: at("self_attn.k_norm.weight"),
    output: joined("self_attn.o_proj"),
    attentionPostNorm: normWeights(weights, `${prefix(layer)}self_attn.post_norm`),
    feedForwardNorm: normWeights(weights, `${prefix(layer)}post_attention_layernorm`),
    gateUp: joined("mlp.gate_up_proj"),
    down: joined("mlp.down_proj"),
    feedForwardPostNorm: normWeights(weights, `${prefix(layer)}mlp.post_norm`),
  };
}
export type Product = ReturnType<typeof layerWeights>["qkv"];

/** The tensors of a norm; undefined where the model has no such norm. */
export const normWeights = (weights: Weights, name: string): NormWeights | undefined =>
  weights[`${name}.weight`] && { weight: weights[`${name}.weight`], bias: weights[`${name}.bias`] };

/**
 * Reads all weights, one tensor at a time.
 * @throws InputError when a tensor is missing, holds a number that is not finite, or does not have the shape that the
 *   configuration asks for
 */
export async function loadWeights(source: ModelSource, onProgress?: OnProgress): Promise<Weights> {
  const weights: Weights = {};
  for (const [i, name] of source.tensorNames.entries()) {
    weights[name] = await loadTensor(source, name);
    onProgress?.(i + 1, source.tensorNames.length, name);
  }
  return weights;
}

/**
 * Reads one tensor.
 * @throws InputError as {@link loadWeights}
 */
export async function loadTensor(source: ModelSource, name: string): Promise<tf.Tensor> {
  const data = await source.read(name);
  const values = tf.tensor(data, source.shape(name), "float32");
  try {
    // An operation takes it out of JavaScript's memory, where the whole model would otherwise wait for its first use.
    return op(
      "CheckNumerics",
      [attr.type("T", DataType.float32), attr.string("message", name)],
      [values],
    );
  } catch (error) {
    if (!(error instanceof TensorflowError && /NaN|Inf/.test(error.message))) throw error;
    throw new InputError(
      `${source.name}: ${name} holds a number that is not finite; the file is damaged, or the training that made it ` +
        "diverged. Take another checkpoint.",
    );
  } finally {
    values.dispose();
    // TensorFlow has its own copy by now. Left to the garbage collector, half a model waits for its turn.
    (data.buffer as ArrayBuffer).transfer(0);
  }
}

/**
 * A copy for a model that is not trained, with the matrices as the products take them once and for all. The
 * embedding table stays fp32: its rows are looked up, not multiplied.
 */
export function frozenWeights(weights: Weights, precision: Precision): Weights {
  const frozen: Weights = {};
  for (const { name, parts } of frozenTensors(Object.keys(weights))) {
    frozen[name] = freeze(name, parts.map((part) => weights[part]), precision);
  }
  return withHead(frozen, precision);
}

/**
 * The {@link frozenWeights} of a model that is not in memory otherwise: the parts of one matrix at a time are, in
 * fp32.
 *
 * @throws InputError as {@link loadWeights}
 */
export async function loadFrozenWeights(
  source: ModelSource,
  precision: Precision,
  onProgress?: OnProgress,
): Promise<Weights> {
  const frozen: Weights = {};
  let done = 0;
  for (const { name, parts } of frozenTensors(source.tensorNames)) {
    const tensors: tf.Tensor[] = [];
    for (const part of parts) {
      tensors.push(await loadTensor(source, part));
      onProgress?.(++done, source.tensorNames.length, part);
    }
    frozen[name] = freeze(name, tensors, precision);
    tf.dispose(tensors);
  }
  return withHead(frozen, precision);
}

/**
 * The {@link frozenWeights} of a model that comes tensor by tensor; of its fp32 tensors those are in memory that wait
 * for others of the same matrix.
 *
 * @param names of all that will come
 */
export async function freezeAsTheyCome(
  names: string[],
  tensors: AsyncIterable<{ name: string; shape: number[]; data: Float32Array }>,
  precision: Precision,
): Promise<Weights> {
  const frozen: Weights = {}, waiting: Weights = {};
  const matrixOf = new Map(
    frozenTensors(names).flatMap((matrix) => matrix.parts.map((part) => [part, matrix] as const)),
  );
  for await (const { name, shape, data } of tensors) {
    waiting[name] = tf.tensor(data, shape, "float32");
    const matrix = matrixOf.get(name)!;
    if (!matrix.parts.every((part) => part in waiting)) continue;
    frozen[matrix.name] = freeze(
      matrix.name,
      matrix.parts.map((part) => waiting[part]),
      precision,
    );
    for (const part of matrix.parts) {
      waiting[part].dispose();
      delete waiting[part];
    }
  }
  return withHead(frozen, precision);
}

/** Names of frozen tensors, and of the tensors that each is made of. */
function frozenTensors(names: string[]): { name: string; parts: string[] }[] {
  const tensors: { name: string; parts: string[] }[] = [], used = new Set<string>();
  const all = new Set(names);
  for (let layer = 0; all.has(`${prefix(layer)}input_layernorm.weight`); layer++) {
    for (const name of JOINED_NAMES) {
      const parts = partNames((part) => all.has(part), layer, name);
      parts.forEach((part) => used.add(part));
      tensors.push({ name: `${prefix(layer)}${name}.frozen`, parts });
    }
  }
  const others = names.filter((name) => !used.has(name));
  return [...tensors, ...others.map((name) => ({ name, parts: [name] }))];
}

const freeze = (name: string, parts: tf.Tensor[], precision: Precision): tf.Tensor =>
  name.endsWith(".frozen") ? joinWeights(parts, precision) : parts[0].clone();

/** Puts the output projection into the precision of the products. */
function withHead(frozen: Weights, precision: Precision): Weights {
  const head = toCompute(headWeight(frozen), precision);
  if (head !== headWeight(frozen)) {
    frozen[HEAD]?.dispose();
    frozen[HEAD] = head;
  }
  return frozen;
}
