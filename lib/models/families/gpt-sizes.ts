/**
 * Names of sizes in the config.json of GPT-2 and GPT-J.
 *
 * @module
 */
import type { DecoderConfig } from "@/lib/models/config.ts";

export const GPT_NAMES = {
  hidden_size: "n_embd",
  intermediate_size: "n_inner",
  num_hidden_layers: "n_layer",
  num_attention_heads: "n_head",
  max_position_embeddings: "n_positions",
  rms_norm_eps: "layer_norm_epsilon",
} as const;

export function writeGptSizes(config: DecoderConfig): Record<string, unknown> {
  const sizes = Object.entries(GPT_NAMES).map(([key, name]) => [
    name,
    config[key as keyof typeof GPT_NAMES],
  ]);
  const { vocab_size, tie_word_embeddings, bos_token_id, eos_token_id } = config;
  return {
    ...Object.fromEntries(sizes),
    vocab_size,
    tie_word_embeddings,
    ...(bos_token_id === undefined ? {} : { bos_token_id }),
    eos_token_id,
    activation_function: "gelu_new",
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
  };
}
