import {
  differing,
  type Family,
  readRope,
  ropeParameters,
  writeRope,
} from "@/lib/models/families/family.ts";
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

/** Of transformers 5, by kind of layer; before, of all layers. */
const parametersOf = (
  rope: Record<string, unknown>,
  kind: "full_attention" | "sliding_attention",
): Record<string, unknown> | undefined => rope[kind] as Record<string, unknown> | undefined;

/** Gemma 3, text alone (arXiv:2503.19786): normed queries and keys, rotary positions of their own in sliding layers. */
export const gemma3: Family = {
  name: "gemma3_text",
  models: "Gemma 3 (270M, 1B)",
  model: "Gemma3ForCausalLM",
  block: "Gemma3DecoderLayer",
  files: GEMMA_FILES,
  gguf: {
    architecture: "gemma3",
    read: (gguf) => ({
      ...readGemmaGguf(gguf, 62),
      // The second key is that of Ollama's converter.
      ...readGgufRope(gguf, { theta: gguf.optional("rope.global.freq_base") ?? 1e6 }),
      rope_local_base_freq: gguf.optional("rope.freq_base_swa") ??
        gguf.optional("rope.local.freq_base") ?? 10000,
    }),
    write: (config) => ({
      ...writeGemmaGguf(config),
      "rope.freq_base_swa": float(config.differences?.slidingRopeTheta ?? config.rope_theta),
    }),
  },
  read(hf) {
    const layers = hf.number("num_hidden_layers"), period = hf.number("sliding_window_pattern", 6);
    const sliding = layerTypes(hf) ??
      Array.from({ length: layers }, (_, i) => (i + 1) % period !== 0);
    const { sizes, differences } = readGemma(hf, sliding, {});
    const all = ropeParameters(hf), own = parametersOf(all, "sliding_attention");
    hf.supported("rope_type of sliding layers", own?.rope_type ?? "default", ["default"]);
    const { ropeScaling, ...rope } = readRope(hf, {
      parameters: parametersOf(all, "full_attention") ?? all,
      theta: 1e6,
    });
    const base = own?.rope_theta ?? hf.json.rope_local_base_freq ?? 10000;
    return {
      ...sizes,
      ...rope,
      ...differing({
        ...differences,
        headNorms: true,
        ropeScaling,
        slidingRopeTheta: hf.positive("rope_local_base_freq", base),
      }),
    };
  },
  write: (config) => ({
    ...writeGemma(config),
    ...writeRope(config),
    rope_local_base_freq: config.differences?.slidingRopeTheta,
  }),
};
