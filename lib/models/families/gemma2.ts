import { differing, type Family, readRope, writeRope } from "@/lib/models/families/family.ts";
import {
  GEMMA_FILES,
  readGemma,
  readGemmaGguf,
  writeGemma,
  writeGemmaGguf,
} from "@/lib/models/families/gemma.ts";
import { readGgufRope } from "@/lib/models/families/gguf.ts";
import { layerTypes } from "@/lib/models/families/windows.ts";
import { float } from "@/lib/models/gguf-writer.ts";

/** Gemma 2 (arXiv:2408.00118): every other layer sees a window alone, scores are capped. */
export const gemma2: Family = {
  name: "gemma2",
  models: "Gemma 2",
  model: "Gemma2ForCausalLM",
  block: "Gemma2DecoderLayer",
  files: GEMMA_FILES,
  gguf: {
    architecture: "gemma2",
    read: (gguf) => ({
      ...readGemmaGguf(gguf, 46),
      ...readGgufRope(gguf),
      attn_logit_softcapping: gguf.optional("attn_logit_softcapping") ?? null,
    }),
    write(config) {
      const cap = config.differences?.attentionCap;
      return {
        ...writeGemmaGguf(config),
        ...(cap === undefined ? {} : { "attn_logit_softcapping": float(cap) }),
      };
    },
  },
  read(hf) {
    const layers = hf.number("num_hidden_layers");
    const sliding = layerTypes(hf) ?? Array.from({ length: layers }, (_, i) => i % 2 === 0);
    const { sizes, differences } = readGemma(hf, sliding, { attention: 50, logits: 30 });
    const { ropeScaling, ...rope } = readRope(hf);
    return { ...sizes, ...rope, ...differing({ ...differences, ropeScaling }) };
  },
  write: (config) => ({ ...writeGemma(config), ...writeRope(config) }),
};
