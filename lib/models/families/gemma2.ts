import { differing, type Family, readRope, writeRope } from "@/lib/models/families/family.ts";
import { GEMMA_FILES, readGemma, writeGemma } from "@/lib/models/families/gemma.ts";
import { layerTypes } from "@/lib/models/families/windows.ts";

/** Gemma 2 (arXiv:2408.00118): every other layer sees a window alone, scores are capped. */
export const gemma2: Family = {
  name: "gemma2",
  models: "Gemma 2",
  model: "Gemma2ForCausalLM",
  block: "Gemma2DecoderLayer",
  files: GEMMA_FILES,
  read(hf) {
    const layers = hf.number("num_hidden_layers");
    const sliding = layerTypes(hf) ?? Array.from({ length: layers }, (_, i) => i % 2 === 0);
    const { sizes, differences } = readGemma(hf, sliding, { attention: 50, logits: 30 });
    const { ropeScaling, ...rope } = readRope(hf);
    return { ...sizes, ...rope, ...differing({ ...differences, ropeScaling }) };
  },
  write: (config) => ({ ...writeGemma(config), ...writeRope(config) }),
};
