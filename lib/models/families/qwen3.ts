import {
  differing,
  type Family,
  readRope,
  readSizes,
  writeRope,
  writeSizes,
} from "@/lib/models/families/family.ts";
import {
  readGgufRope,
  readGgufSizes,
  writeGgufRope,
  writeGgufSizes,
} from "@/lib/models/families/gguf.ts";
import { readWindows, writeWindows } from "@/lib/models/families/windows.ts";

/** Qwen3 (arXiv:2505.09388): Llama with normed queries and keys. */
export const qwen3: Family = {
  name: "qwen3",
  models: "Qwen3 (dense)",
  model: "Qwen3ForCausalLM",
  block: "Qwen3DecoderLayer",
  gguf: {
    architecture: "qwen3",
    read: (gguf) => ({ ...readGgufSizes(gguf, { norm: "rms" }), ...readGgufRope(gguf) }),
    write: (config) => ({ ...writeGgufSizes(config), ...writeGgufRope(config) }),
  },
  read(hf) {
    hf.expect("hidden_act", "silu");
    hf.expect("attention_bias", false);
    const { ropeScaling, ...rope } = readRope(hf), sizes = readSizes(hf, { tied: false });
    return {
      ...sizes,
      head_dim: hf.number("head_dim", 128),
      ...rope,
      ...differing({ headNorms: true, ropeScaling, ...readWindows(hf) }),
    };
  },
  write: (config) => ({
    ...writeSizes(config),
    ...writeRope(config),
    ...writeWindows(config),
    hidden_act: "silu",
    attention_bias: false,
    attention_dropout: 0,
  }),
};
