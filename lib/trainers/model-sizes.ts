/**
 * How many numbers the parts of a model hold, for plans of its memory.
 *
 * @module
 */
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { JOINED_NAMES, partNames } from "@/lib/models/weights.ts";

/** Sizes of a model, in numbers. */
export interface Sizes {
  C: number;
  F: number;
  /** Width of what the activation is given: gate and up together, where there is a gate. */
  I: number;
  V: number;
  Q: number;
  A: number;
  layers: number;
  /** Matrices of one layer: joined from several tensors, and of one. */
  joined: number;
  single: number;
  /** Norms and biases of one layer. */
  vectors: number;
  embedding: number;
  /** An output projection of its own. */
  head: number;
  /** What else is outside of layers: the last norm, a table of positions. */
  rest: number;
}

export function sizesOf(config: DecoderConfig): Sizes {
  const { hidden_size: C, intermediate_size: F, vocab_size: V, head_dim: K } = config;
  const Q = config.num_attention_heads * K, A = Q + 2 * config.num_key_value_heads * K;
  const I = config.differences?.gated === false ? F : 2 * F;
  const shapes = tensorShapes(config), inLayer = /^model\.layers\.(\d+)\./;
  const count = (names: string[]) =>
    names.reduce((n, name) => n + shapes.get(name)!.reduce((a, b) => a * b, 1), 0);
  const parts = JOINED_NAMES.map((name) => partNames((part) => shapes.has(part), 0, name));
  const layer = [...shapes.keys()].filter((name) => inLayer.exec(name)?.[1] === "0");
  const outside = [...shapes.keys()].filter((name) => !inLayer.test(name));
  const embedding = V * C, head = config.tie_word_embeddings ? 0 : V * C;
  return {
    ...{ C, F, I, V, Q, A, layers: config.num_hidden_layers, embedding, head },
    joined: count(parts.filter((names) => names.length > 1).flat()),
    single: count(parts.filter((names) => names.length === 1).flat()),
    vectors: count(layer.filter((name) => shapes.get(name)!.length === 1)),
    rest: count(outside) - embedding - head,
  };
}
