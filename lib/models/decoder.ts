/**
 * A decoder-only transformer of the Llama family, from embeddings to hidden states.
 *
 * How tokens lie in memory and who attends to whom is the caller's: the decoder sees rows of tokens and is
 * handed an `attend` function. Suffixes as in kernels.ts.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { addResidual, embed, linear, rmsNorm, rope, swiGlu } from "@/lib/models/kernels.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";

/**
 * Attention of one layer over rows: queries q_NHK (scaled by 1/√K), keys k_NGK and values v_NGK in,
 * the mix of values [N, H·K] out.
 */
export type Attend = (
  layer: number,
  q_NHK: tf.Tensor,
  k_NGK: tf.Tensor,
  v_NGK: tf.Tensor,
) => tf.Tensor;

/** Cosines and sines of the rotary angles, each [N, 1, K/2], fp32. */
export interface RopeTables {
  cos: tf.Tensor;
  sin: tf.Tensor;
}

/** The rotary angles' tables for the given positions; computed in double precision. */
export function ropeTables(
  positions: ArrayLike<number>,
  { head_dim, rope_theta }: DecoderConfig,
): RopeTables {
  const half = head_dim / 2, N = positions.length;
  const cos = new Float32Array(N * half), sin = new Float32Array(N * half);
  const frequencies = Float64Array.from(
    { length: half },
    (_, i) => rope_theta ** (-2 * i / head_dim),
  );
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < half; i++) {
      // As PyTorch, which rounds the frequency and the angle to fp32 before it takes the cosine.
      const angle = Math.fround(positions[n] * Math.fround(frequencies[i]));
      cos[n * half + i] = Math.cos(angle);
      sin[n * half + i] = Math.sin(angle);
    }
  }
  return { cos: tf.tensor3d(cos, [N, 1, half]), sin: tf.tensor3d(sin, [N, 1, half]) };
}

/**
 * Hidden states of all rows after the last norm: [N, C], in the precision of the products.
 *
 * @param ids_N token ids, int32
 */
export function decode(
  config: DecoderConfig,
  weights: Weights,
  ids_N: tf.Tensor,
  tables: RopeTables,
  attend: Attend,
  precision: Precision,
): tf.Tensor {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K, rms_norm_eps: epsilon } =
    config;
  const N = ids_N.shape[0];
  let x_NC = embed(ids_N, weights["model.embed_tokens.weight"]);
  // The scores' factor goes into the queries' angles: one multiplication less per score.
  const scale = tf.scalar(1 / Math.sqrt(K));
  const scaled = { cos: tf.mul(tables.cos, scale), sin: tf.mul(tables.sin, scale) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const w = (name: string) => weights[`model.layers.${layer}.${name}.weight`];
    const h_NC = rmsNorm(x_NC, w("input_layernorm"), epsilon, precision);
    const heads = (name: string, count: number) =>
      tf.reshape(linear(h_NC, w(`self_attn.${name}`), precision), [N, count, K]);
    const q_NHK = rope(heads("q_proj", H), scaled.cos, scaled.sin, precision);
    const k_NGK = rope(heads("k_proj", G), tables.cos, tables.sin, precision);
    const mixed_NQ = attend(layer, q_NHK, k_NGK, heads("v_proj", G));
    x_NC = addResidual(x_NC, linear(mixed_NQ, w("self_attn.o_proj"), precision), precision);

    const m_NC = rmsNorm(x_NC, w("post_attention_layernorm"), epsilon, precision);
    const up_NF = swiGlu(
      linear(m_NC, w("mlp.gate_proj"), precision),
      linear(m_NC, w("mlp.up_proj"), precision),
      precision,
    );
    x_NC = addResidual(x_NC, linear(up_NF, w("mlp.down_proj"), precision), precision);
  }
  return rmsNorm(x_NC, weights["model.norm.weight"], epsilon, precision);
}
