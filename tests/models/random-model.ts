/**
 * A Llama of two layers and a hundred tokens with random weights, for tests of the engine's algebra: rounding is
 * all that may make two ways to compute the same differ.
 *
 * @module
 */
import { xoroshiro128plus } from "pure-rand";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

export const CONFIG: DecoderConfig = {
  architecture: "llama",
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  vocab_size: 101,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  max_position_embeddings: 1024,
  eos_token_id: 0,
};

/** Weights for {@link CONFIG} in fp32, the same for the same seed. The caller disposes them. */
export function randomWeights(seed: number): Weights {
  const random = xoroshiro128plus(seed);
  /** Between −1 and 1. */
  const uniform = () => random.unsafeNext() / 2 ** 31;
  const weights: Weights = {};
  for (const [name, shape] of tensorShapes(CONFIG)) {
    const count = shape.reduce((a, b) => a * b, 1);
    const value = shape.length === 1 ? () => 1 + 0.2 * uniform() : () => 0.4 * uniform();
    weights[name] = tf.tensor(Float32Array.from({ length: count }, value), shape);
  }
  return weights;
}
