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

/** Qwen2 (arXiv:2407.10671): Llama with biases on queries, keys and values. */
export const qwen2: Family = {
  name: "qwen2",
  models: "Qwen2, Qwen2.5, Qwen2.5-Coder",
  model: "Qwen2ForCausalLM",
  block: "Qwen2DecoderLayer",
  gguf: {
    architecture: "qwen2",
    read: (gguf) => ({ ...readGgufSizes(gguf, { norm: "rms" }), ...readGgufRope(gguf) }),
    write: (config) => ({ ...writeGgufSizes(config), ...writeGgufRope(config) }),
  },
  read(hf) {
    hf.expect("hidden_act", "silu");
    const { ropeScaling, ...rope } = readRope(hf);
    return {
      ...readSizes(hf, { tied: false }),
      ...rope,
      ...differing({
        biased: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        ropeScaling,
        ...readWindows(hf),
      }),
    };
  },
  write: (config) => ({
    ...writeSizes(config),
    ...writeRope(config),
    ...writeWindows(config),
    hidden_act: "silu",
    attention_dropout: 0,
  }),
};
