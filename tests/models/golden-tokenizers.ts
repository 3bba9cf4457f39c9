/** Small tokenizers of every kind that GGUF names (tests/oracles/oracle_gguf_tokens.py), and models to go with them. */
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { type GgufSaved, saveGguf } from "@/lib/models/gguf-export.ts";
import { createTokenizer, type Tokenizer, type TokenizerJson } from "@/lib/models/tokenizer.ts";

export interface Kind {
  json: TokenizerJson;
  ids: number[][];
}

export const GOLDEN: {
  texts: string[];
  byte_level_model: Record<string, unknown>;
  byte_level: Record<string, Kind>;
  sentencepiece: Record<string, Kind>;
} = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/oracles/gguf_tokens.json", import.meta.url)),
);

/** Those with bytes share a model. */
export const byteLevelTokenizer = ({ json }: Kind): Tokenizer =>
  createTokenizer({
    tokenizerJson: {
      ...json,
      model: { ...json.model, ...GOLDEN.byte_level_model } as TokenizerJson["model"],
    },
    tokenizerConfig: { eos_token: "<|end|>" },
    where: "golden",
  });

export const sentencePieceTokenizer = ({ json }: Kind): Tokenizer =>
  createTokenizer({
    tokenizerJson: json,
    tokenizerConfig: { bos_token: "<s>", eos_token: "</s>" },
    where: "golden",
  });

/** Saves a model of nothing but zeros with a tokenizer. */
export function saveZeros(
  path: string,
  tokenizer: Tokenizer,
  sizes: Partial<DecoderConfig> = {},
): Promise<GgufSaved> {
  const config: DecoderConfig = {
    architecture: "llama",
    hidden_size: 4,
    intermediate_size: 4,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 4,
    vocab_size: tokenizer.vocabSize,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    max_position_embeddings: 128,
    eos_token_id: tokenizer.eosId,
    ...sizes,
  };
  const weights = [...tensorShapes(config)].map(([name, shape]) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
  }));
  return saveGguf(path, { config, tokenizer, weights }, { type: "f32", name: "zeros" });
}
