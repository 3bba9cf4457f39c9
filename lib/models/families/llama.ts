import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  type GgufFamily,
  readGgufRope,
  readGgufSizes,
  writeGgufRope,
  writeGgufSizes,
} from "@/lib/models/families/gguf.ts";
import { llama3Factors, readLlama3Factors } from "@/lib/models/families/llama-3-rope.ts";

/** Also that of models which llama.cpp calls Llama. */
export const LLAMA_GGUF: GgufFamily = {
  architecture: "llama",
  neighbours: true,
  read: (gguf) => ({
    ...readGgufSizes(gguf, { norm: "rms" }),
    ...readGgufRope(gguf),
    ...readLlama3Factors(gguf),
  }),
  write: (config) => ({ ...writeGgufSizes(config), ...writeGgufRope(config) }),
  tensors: llama3Factors,
};

/** Touvron et al. 2023, arXiv:2302.13971; what the decoder computes where nothing else is said. */
export const llama: Family = {
  name: "llama",
  models: "Llama 1 to 3, CodeLlama, DeepSeek-Coder, SmolLM",
  model: "LlamaForCausalLM",
  block: "LlamaDecoderLayer",
  gguf: LLAMA_GGUF,
  read(hf) {
    hf.expect("hidden_act", "silu");
    hf.expect("attention_bias", false);
    hf.expect("mlp_bias", false);
    const { ropeScaling, ...rope } = readRope(hf);
    return { ...readSizes(hf, { tied: false }), ...rope, ...differing({ ropeScaling }) };
  },
  write: (config) => ({
    ...writeSizes(config),
    ...writeRope(config),
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
  }),
};
