import type { DecoderConfig } from "@/lib/models/config.ts";

/** Two blocks of width 4: 2 query heads and 1 key/value head of width 2, 6 wide inside, 10 words. */
export const CONFIG: DecoderConfig = {
  architecture: "llama",
  hidden_size: 4,
  intermediate_size: 6,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 2,
  vocab_size: 10,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  max_position_embeddings: 32,
  eos_token_id: 0,
};
