import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";

/** Mistral 7B (arXiv:2310.06825): Llama with a sliding window in every layer. */
export const mistral: Family = {
  name: "mistral",
  models: "Mistral 7B, Mistral Nemo",
  model: "MistralForCausalLM",
  block: "MistralDecoderLayer",
  read(hf) {
    hf.expect("hidden_act", "silu");
    const { ropeScaling, ...rope } = readRope(hf);
    const slidingWindow = hf.optional("sliding_window", 4096);
    return {
      ...readSizes(hf, { tied: false }),
      ...rope,
      ...differing({ ropeScaling, slidingWindow }),
    };
  },
  write: (config) => ({
    ...writeSizes(config),
    ...writeRope(config),
    sliding_window: config.differences?.slidingWindow ?? null,
    hidden_act: "silu",
    attention_dropout: 0,
  }),
};
