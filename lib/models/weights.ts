/**
 * The weights of a model as TensorFlow tensors, under Hugging Face's names.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { type Precision, toCompute } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** Tensor name → fp32 tensor of the shape that `tensorShapes` gives. */
export type Weights = Record<string, tf.Tensor>;

/** The output projection: its own tensor, or the embedding table where the two are tied. */
export const headWeight = (weights: Weights): tf.Tensor =>
  weights["lm_head.weight"] ?? weights["model.embed_tokens.weight"];

/**
 * Reads all weights, one tensor at a time.
 * @throws InputError when a tensor is missing or does not have the shape that the configuration asks for
 */
export async function loadWeights(source: ModelSource, onProgress?: OnProgress): Promise<Weights> {
  const weights: Weights = {};
  for (const [i, name] of source.tensorNames.entries()) {
    weights[name] = tf.tensor(await source.read(name), source.shape(name), "float32");
    onProgress?.(i + 1, source.tensorNames.length, name);
  }
  return weights;
}

/**
 * A copy for a model that is not trained, with the matrices in the precision of the products once and for all.
 * The embedding table stays fp32: its rows are looked up, not multiplied.
 */
export function frozenWeights(weights: Weights, precision: Precision): Weights {
  const frozen: Weights = {};
  for (const [name, w] of Object.entries(weights)) {
    const multiplied = w.rank === 2 && name !== "model.embed_tokens.weight";
    const copy = multiplied ? toCompute(w, precision) : w;
    frozen[name] = copy === w ? w.clone() : copy;
  }
  if (precision === "bf16" && !frozen["lm_head.weight"]) {
    frozen["lm_head.weight"] = toCompute(weights["model.embed_tokens.weight"], precision);
  }
  return frozen;
}
