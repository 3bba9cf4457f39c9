/**
 * The families of models that there are.
 *
 * @module
 */
import type { Family } from "@/lib/models/families/family.ts";
import { gemma2 } from "@/lib/models/families/gemma2.ts";
import { gemma3 } from "@/lib/models/families/gemma3.ts";
import { gptNeox } from "@/lib/models/families/gpt-neox.ts";
import { gpt2 } from "@/lib/models/families/gpt2.ts";
import { gptj } from "@/lib/models/families/gptj.ts";
import { llama } from "@/lib/models/families/llama.ts";
import { mistral } from "@/lib/models/families/mistral.ts";
import { phi3 } from "@/lib/models/families/phi3.ts";
import { qwen2 } from "@/lib/models/families/qwen2.ts";
import { qwen3 } from "@/lib/models/families/qwen3.ts";
import { starcoder2 } from "@/lib/models/families/starcoder2.ts";

export const FAMILIES: readonly Family[] = [
  llama,
  qwen2,
  mistral,
  qwen3,
  gemma2,
  gemma3,
  starcoder2,
  phi3,
  gptNeox,
  gpt2,
  gptj,
];

/** The family of that name, `model_type` of config.json. */
export const familyOf = (name: string): Family | undefined =>
  FAMILIES.find((family) => family.name === name);
