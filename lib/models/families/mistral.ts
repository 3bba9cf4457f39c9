import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import { readGgufWindow } from "@/lib/models/families/gguf.ts";
import { LLAMA_GGUF } from "@/lib/models/families/llama.ts";
import { uint } from "@/lib/models/gguf-writer.ts";

/** Mistral 7B (arXiv:2310.06825): Llama with a sliding window in every layer. */
export const mistral: Family = {
  name: "mistral",
  models: "Mistral 7B, Mistral Nemo",
  model: "MistralForCausalLM",
  block: "MistralDecoderLayer",
  gguf: {
    ...LLAMA_GGUF,
    is: (gguf) => gguf.has("attention.sliding_window"),
    read: (gguf) => ({ ...LLAMA_GGUF.read(gguf), ...readGgufWindow(gguf) }),
    // 0 stands for none; by the key a file is known to be Mistral's.
    write: (config) => ({
      ...LLAMA_GGUF.write(config),
      "attention.sliding_window": uint(config.differences?.slidingWindow ?? 0),
    }),
    withoutWindow: true,
  },
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
