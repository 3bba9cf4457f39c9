/**
 * What Gemma 2 and 3 share.
 *
 * @module
 */
import type { DecoderConfig, Differences } from "@/lib/models/config.ts";
import {
  type FileNames,
  type HfConfig,
  readSizes,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  readGgufSizes,
  readGgufWindow,
  writeGgufRope,
  writeGgufSizes,
  writeGgufWindow,
} from "@/lib/models/families/gguf.ts";
import type { GgufMetadata } from "@/lib/models/gguf-metadata.ts";
import { float, type GgufValue } from "@/lib/models/gguf-writer.ts";
import { windowed, writeLayerTypes } from "@/lib/models/families/windows.ts";

/** Here the second norm of a layer is always that before the feed-forward block. */
export const GEMMA_FILES: FileNames = {
  modules: {
    "self_attn.post_norm": "post_attention_layernorm",
    "post_attention_layernorm": "pre_feedforward_layernorm",
    "mlp.post_norm": "post_feedforward_layernorm",
  },
};

/**
 * Sizes and differences that both have.
 * @param sliding which layers slide
 */
export function readGemma(
  hf: HfConfig,
  sliding: readonly boolean[],
  caps: { attention?: number; logits?: number },
): { sizes: Omit<DecoderConfig, "architecture" | "rope_theta">; differences: Differences } {
  hf.expect("hidden_activation", "gelu_pytorch_tanh");
  hf.expect("attention_bias", false);
  hf.supported("use_bidirectional_attention", hf.json.use_bidirectional_attention ?? false, [
    false,
  ]);
  const sizes = { ...readSizes(hf, { tied: true }), head_dim: hf.number("head_dim", 256) };
  return {
    sizes,
    differences: {
      norm: "rms-plus-one",
      activation: "gelu-tanh",
      postNorms: true,
      embeddingScale: Math.fround(Math.sqrt(sizes.hidden_size)),
      queryScalar: hf.optional("query_pre_attn_scalar", 256),
      attentionCap: hf.optional("attn_logit_softcapping", caps.attention),
      logitCap: hf.optional("final_logit_softcapping", caps.logits),
      ...windowed(hf.optional("sliding_window", 4096), sliding),
    },
  };
}

export const writeGemma = (config: DecoderConfig): Record<string, unknown> => ({
  ...writeSizes(config),
  hidden_activation: "gelu_pytorch_tanh",
  attention_bias: false,
  attention_dropout: 0,
  query_pre_attn_scalar: config.differences?.queryScalar,
  attn_logit_softcapping: config.differences?.attentionCap ?? null,
  final_logit_softcapping: config.differences?.logitCap ?? null,
  sliding_window: config.differences?.slidingWindow ?? null,
  layer_types: writeLayerTypes(config),
});

/**
 * What GGUF files of both have.
 * @param largest layers of the one model whose queries are scaled by the width of the stream; llama.cpp knows it by them
 */
export function readGemmaGguf(gguf: GgufMetadata, largest: number): Record<string, unknown> {
  const sizes = readGgufSizes(gguf, { norm: "rms" }) as Record<string, number>;
  return {
    ...sizes,
    tie_word_embeddings: true,
    ...readGgufWindow(gguf),
    query_pre_attn_scalar: sizes.num_hidden_layers === largest
      ? sizes.hidden_size / sizes.num_attention_heads
      : sizes.head_dim,
    final_logit_softcapping: gguf.optional("final_logit_softcapping") ?? null,
  };
}

export function writeGemmaGguf(config: DecoderConfig): Record<string, GgufValue> {
  const cap = config.differences?.logitCap;
  return {
    ...writeGgufSizes(config),
    ...writeGgufRope(config),
    ...writeGgufWindow(config),
    ...(cap === undefined ? {} : { "final_logit_softcapping": float(cap) }),
  };
}
