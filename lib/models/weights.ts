/**
 * The weights of a model as TensorFlow tensors, under Hugging Face's names.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { InputError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** Tensor name → fp32 tensor of the shape that {@link weightShapes} gives. */
export type Weights = Record<string, tf.Tensor>;

/** Every weight of a model of this shape, in a fixed order. Linear weights are [out, in]. */
export function weightShapes(config: DecoderConfig): Map<string, number[]> {
  const { hidden_size: C, intermediate_size: F, head_dim: K, vocab_size: V } = config;
  const Q = config.num_attention_heads * K, KV = config.num_key_value_heads * K;
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [V, C]]]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const p = `model.layers.${layer}.`;
    shapes.set(`${p}input_layernorm.weight`, [C]);
    shapes.set(`${p}self_attn.q_proj.weight`, [Q, C]);
    shapes.set(`${p}self_attn.k_proj.weight`, [KV, C]);
    shapes.set(`${p}self_attn.v_proj.weight`, [KV, C]);
    shapes.set(`${p}self_attn.o_proj.weight`, [C, Q]);
    shapes.set(`${p}post_attention_layernorm.weight`, [C]);
    shapes.set(`${p}mlp.gate_proj.weight`, [F, C]);
    shapes.set(`${p}mlp.up_proj.weight`, [F, C]);
    shapes.set(`${p}mlp.down_proj.weight`, [C, F]);
  }
  shapes.set("model.norm.weight", [C]);
  if (!config.tie_word_embeddings) shapes.set("lm_head.weight", [V, C]);
  return shapes;
}

/** The output projection: its own tensor, or the embedding table where the two are tied. */
export const headWeight = (weights: Weights): tf.Tensor =>
  weights["lm_head.weight"] ?? weights["model.embed_tokens.weight"];

/**
 * Reads all weights, one tensor at a time.
 * @throws InputError when a tensor is missing or has another shape than the configuration asks for
 */
export async function loadWeights(source: ModelSource, onProgress?: OnProgress): Promise<Weights> {
  const shapes = weightShapes(source.config);
  const available = new Set(source.tensorNames);
  const weights: Weights = {};
  let done = 0;
  for (const [name, shape] of shapes) {
    if (!available.has(name)) throw new InputError(`${source.path}: the tensor ${name} is missing.`);
    const found = source.shape(name);
    if (found.join() !== shape.join()) {
      throw new InputError(
        `${source.path}: the tensor ${name} is [${found}], but the model's configuration makes it [${shape}].`,
      );
    }
    weights[name] = tf.tensor(await source.read(name), shape, "float32");
    onProgress?.(++done, shapes.size, name);
  }
  return weights;
}

/** Values of a tensor without a copy by tfjs's cache; for saving. */
export const weightValues = (weights: Weights, name: string): Float32Array =>
  weights[name].dataSync() as Float32Array;
