/** The small models of tests/oracles/oracle_families.py as GGUF files. */
import { createHash } from "node:crypto";
import { policyOf } from "@/lib/models/export.ts";
import { familyOf } from "@/lib/models/families/mod.ts";
import { openGguf } from "@/lib/models/gguf.ts";
import { type GgufSaved, saveGguf } from "@/lib/models/gguf-export.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { createTokenizer } from "@/lib/models/tokenizer.ts";
import { type FamilyGolden, GOLDEN } from "./family-goldens.ts";

/** Those that GGUF has. */
export const STORED = Object.entries(GOLDEN.models)
  .filter(([, { config }]) => familyOf(config.model_type)?.gguf);

/**
 * What llama.cpp takes from the family's name, not from the file, and these models, made to differ, do not have:
 * Gemma's queries are scaled by the heads' width, Gemma 3's sixth layers see all.
 */
const AS_LLAMA_CPP: Record<string, Record<string, unknown>> = {
  "gemma2": { query_pre_attn_scalar: 12 },
  "gemma3_text": {
    query_pre_attn_scalar: 12,
    layer_types: ["sliding_attention", "sliding_attention", "sliding_attention"],
  },
};

/** The model with what llama.cpp can compute of it; its tensors are the same. */
export const asLlamaCpp = (name: string, golden: FamilyGolden): FamilyGolden => ({
  ...golden,
  config: { ...golden.config, ...AS_LLAMA_CPP[name] },
});

/** Saves a model in F32, with its tokenizer in a form that GGUF has a name for. */
export function saveGoldenGguf(source: ModelSource, path: string): Promise<GgufSaved> {
  const files = source.tokenizer.files(), tokenizerJson = JSON.parse(files["tokenizer.json"]);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
  const tokenizer = createTokenizer({
    tokenizerJson: { ...tokenizerJson, pre_tokenizer: byteLevel, decoder: byteLevel },
    tokenizerConfig: JSON.parse(files["tokenizer_config.json"]),
    where: path,
  });
  const name = source.config.architecture;
  return saveGguf(path, { ...policyOf(source), tokenizer }, { type: "f32", name });
}

/** The tensors of a file, sorted by name: each name, then its values as little-endian fp32. */
export async function tensorsDigest(path: string): Promise<string> {
  const hash = createHash("sha256"), file = await openGguf(path);
  for (const name of [...file.tensors.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = file.read(name);
    hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  file.close();
  return hash.digest("hex");
}
