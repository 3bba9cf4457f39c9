/**
 * config.json, as transformers 4 and 5 read and write it.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { checkArchitecture, checkConfig, type DecoderConfig } from "@/lib/models/config.ts";
import { HfConfig } from "@/lib/models/families/family.ts";
import { FAMILIES, familyOf } from "@/lib/models/families/mod.ts";

/** The config.json that transformers reads, for weights stored in fp32. */
export function toHfConfig(config: DecoderConfig): Record<string, unknown> {
  const family = familyOf(config.architecture)!;
  return {
    architectures: [family.model],
    model_type: family.name,
    ...family.write(config),
    initializer_range: 0.02,
    torch_dtype: "float32",
    use_cache: true,
  };
}

/** Numbers that transformers 5 refuses, or warns of, where they are written without a fraction. */
const FLOATS = [
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "rope_theta",
  "rope_local_base_freq",
  "rotary_emb_base",
  "factor",
  "low_freq_factor",
  "high_freq_factor",
  "attention_factor",
];
const WHOLE_FLOAT = new RegExp(`("(?:${FLOATS.join("|")})": -?\\d+)(?=,?$)`, "gm");

/** The text of config.json, floats with a fraction, which JavaScript leaves out. */
export const hfConfigText = (json: Record<string, unknown>): string =>
  JSON.stringify(json, null, 2).replace(WHOLE_FLOAT, "$1.0") + "\n";

/**
 * Reads a config.json of transformers 4.x or 5.x.
 *
 * @param where the file, for messages
 * @throws InputError for a family that is not known, and for what the decoder does not compute of one
 */
export function fromHfConfig(json: unknown, where: string): DecoderConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new InputError(`${where}: a JSON object with the model's sizes belongs there.`);
  }
  const { model_type: name } = json as Record<string, unknown>;
  checkArchitecture(name, where, FAMILIES.map((family) => family.name));
  const hf = new HfConfig(json as Record<string, unknown>, where, name);
  return checkConfig({ architecture: name, ...familyOf(name)!.read(hf) }, where);
}
