/**
 * Names for models that people train often.
 *
 * @module
 */
import { smollm2Path } from "@/lib/setup/paths.ts";

/** What a preset stands for. */
export interface ModelPreset {
  /** `NAMESPACE/NAME` on the Hugging Face hub. */
  hub: string;
  /** Class of its layers in transformers. */
  block: string;
  /** The file of one that the set-up installs. */
  installed?: () => string;
}

const LLAMA = "LlamaDecoderLayer";

/** The reference's models under its names, and newer ones. */
export const MODEL_PRESETS: Readonly<Record<string, ModelPreset>> = {
  smollm2: { hub: "HuggingFaceTB/SmolLM2-135M-Instruct", block: LLAMA, installed: smollm2Path },
  "gpt2-large": { hub: "openai-community/gpt2-large", block: "GPT2Block" },
  "gpt2-xl": { hub: "openai-community/gpt2-xl", block: "GPT2Block" },
  gptj: { hub: "EleutherAI/gpt-j-6b", block: "GPTJBlock" },
  llama7b: { hub: "huggyllama/llama-7b", block: LLAMA },
  pythia28: { hub: "EleutherAI/pythia-2.8b", block: "GPTNeoXLayer" },
  pythia69: { hub: "EleutherAI/pythia-6.9b", block: "GPTNeoXLayer" },
  codellama7b: { hub: "codellama/CodeLlama-7b-hf", block: LLAMA },
  llama32: { hub: "meta-llama/Llama-3.2-1B-Instruct", block: LLAMA },
  mistral7b: { hub: "mistralai/Mistral-7B-Instruct-v0.3", block: "MistralDecoderLayer" },
  qwen25coder: { hub: "Qwen/Qwen2.5-Coder-0.5B-Instruct", block: "Qwen2DecoderLayer" },
};

/** What a name is a preset of. */
export const presetOf = (name: string): ModelPreset | undefined =>
  Object.hasOwn(MODEL_PRESETS, name) ? MODEL_PRESETS[name] : undefined;
