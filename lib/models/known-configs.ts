/**
 * Architectures of models that people name by their hub id, for what needs a model's numbers and not its weights.
 * From the config.json files that their makers published.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { answerOf } from "@/lib/hub/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { fromHfConfig } from "@/lib/models/hf-config.ts";
import { fetchHubConfig, type FetchOptions } from "@/lib/models/hub-model.ts";
import { type HubName, meantOnHub } from "@/lib/models/hub-name.ts";
import { openModel } from "@/lib/models/source.ts";

const LLAMA_7B: DecoderConfig = {
  architecture: "llama",
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  head_dim: 128,
  vocab_size: 32000,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
  max_position_embeddings: 2048,
  bos_token_id: 1,
  eos_token_id: 2,
};

const KNOWN: Record<string, DecoderConfig> = {
  "huggyllama/llama-7b": LLAMA_7B,
  "codellama/CodeLlama-7b-hf": {
    ...LLAMA_7B,
    vocab_size: 32016,
    rope_theta: 1e6,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 16384,
  },
};

/**
 * The architecture of a model: one that is known, a `config.json` or the folder that it is in, or a model as
 * {@link openModel} takes it.
 *
 * @throws InputError when there is no such model, or its architecture is not supported
 */
export async function modelConfig(
  nameOrPath: string,
  options: FetchOptions = {},
): Promise<DecoderConfig> {
  if (Object.hasOwn(KNOWN, nameOrPath)) return KNOWN[nameOrPath];
  for (const path of [nameOrPath, join(nameOrPath, "config.json")]) {
    if (!path.endsWith("config.json")) continue;
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch {
      continue;
    }
    try {
      return fromHfConfig(JSON.parse(text), path);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new InputError(`${path} is not JSON: ${error.message}.`);
    }
  }
  const name = meantOnHub(nameOrPath);
  if (name && name.gguf === undefined) return await configOnHub(name, options);
  const source = await openModel(nameOrPath);
  source.close();
  return source.config;
}

async function configOnHub(name: HubName, options: FetchOptions): Promise<DecoderConfig> {
  try {
    return await fetchHubConfig(name, options);
  } catch (error) {
    if (answerOf(error)) {
      (error as Error).message +=
        ` A config.json is enough for a plan, and these are known without one: ${
          Object.keys(KNOWN).join(", ")
        }.`;
    }
    throw error;
  }
}
