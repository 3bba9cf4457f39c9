/**
 * What may be shown to everybody: the licences of questions, and of the models that wrote the answers.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { Origins } from "@/lib/publish/facts.ts";

/** A model's licence, as far as it says something of the model's answers. */
export interface ModelLicence {
  name: string;
  /** Whether it says what answers may not be used for; unknown licences may. */
  limitsUse: boolean;
  /** Where it can be read; undefined for an unknown one. */
  source?: string;
}

const APACHE = { name: "Apache-2.0", limitsUse: false };
const DEEPSEEK = { name: "DeepSeek License Agreement", limitsUse: true };
const GITHUB = "https://github.com", HUB = "https://huggingface.co";

/**
 * By what the models' names hold, the first that fits. Models whose licence could not be read are not here: theirs is
 * unknown.
 */
const MODEL_LICENCES: [RegExp, ModelLicence][] = [
  [/smollm/, { ...APACHE, source: `${GITHUB}/huggingface/smollm/blob/main/LICENSE` }],
  [/tinyllama/, { ...APACHE, source: `${GITHUB}/jzhang38/TinyLlama/blob/main/LICENSE` }],
  [/code-?llama|(?<!o)llama-?2/, {
    // 1.b.v: answers may not improve any other large language model. Code Llama's README names the same licence.
    ...{ name: "Llama 2 Community License", limitsUse: true },
    source: `${GITHUB}/meta-llama/llama/blob/main/LICENSE`,
  }],
  [/(?<!o)llama-?(3[.-][123]|4)/, {
    // 1.b.i: models that answers improve have to be called Llama-…
    ...{ name: "Llama Community License (3.1 and later)", limitsUse: true },
    source: `${GITHUB}/meta-llama/llama-models/blob/main/models/llama3_1/LICENSE`,
  }],
  [/(?<!o)llama-?3/, {
    // 1.b.v, as in Llama 2's.
    ...{ name: "Meta Llama 3 Community License", limitsUse: true },
    source: `${GITHUB}/meta-llama/llama-models/blob/main/models/llama3/LICENSE`,
  }],
  [/gemma-?4/, { ...APACHE, source: "https://ai.google.dev/gemma/apache_2" }],
  [/gemma/, {
    // 1.1(e): models that learn from answers are "Model Derivatives", and under the same terms.
    ...{ name: "Gemma Terms of Use", limitsUse: true },
    source: "https://ai.google.dev/gemma/terms",
  }],
  [/qwen-?2\.5.*[:-]3b/, {
    // Not for commercial use.
    ...{ name: "Qwen Research License", limitsUse: true },
    source: `${HUB}/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE`,
  }],
  [/qwen-?2\.5.*[:-]72b/, {
    // Models that answers improve have to say that they are.
    ...{ name: "Qwen License", limitsUse: true },
    source: `${HUB}/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE`,
  }],
  // "All our open-source models, except for the 3B and 72B variants"
  [/qwen-?2\.5/, { ...APACHE, source: "https://qwenlm.github.io/blog/qwen2.5/" }],
  // Not 3.5 and later: not all of these are under one licence.
  [/qwen-?3(?=$|:|-\d)/, { ...APACHE, source: `${GITHUB}/QwenLM/Qwen3#license-agreement` }],
  [/starcoder/, {
    // Its attachment A lists uses that are not allowed.
    ...{ name: "BigCode OpenRAIL-M", limitsUse: true },
    source: `${HUB}/spaces/bigcode/bigcode-model-license-agreement`,
  }],
  // Paragraph 6: no use of answers may contravene the licence, which lists uses that are not allowed.
  [/deepseek-?coder-?v2/, {
    ...DEEPSEEK,
    source: `${GITHUB}/deepseek-ai/DeepSeek-Coder-V2/blob/main/LICENSE-MODEL`,
  }],
  [/deepseek-?coder/, {
    ...DEEPSEEK,
    source: `${GITHUB}/deepseek-ai/DeepSeek-Coder/blob/main/LICENSE-MODEL`,
  }],
  [/phi-?3(?!\.)/, {
    ...{ name: "MIT", limitsUse: false },
    source: `${HUB}/microsoft/Phi-3-mini-4k-instruct/blob/main/LICENSE`,
  }],
  [/phi-?4(?!-)/, {
    ...{ name: "MIT", limitsUse: false },
    source: `${HUB}/microsoft/phi-4/blob/main/LICENSE`,
  }],
  [/granite-(?:\d+b-)?code/, {
    ...APACHE,
    source: `${GITHUB}/ibm-granite/granite-code-models/blob/main/LICENSE`,
  }],
];

/** What is known of a model's licence by the model's name. */
export function modelLicence(model: string): ModelLicence {
  const name = model.toLowerCase();
  return MODEL_LICENCES.find(([pattern]) => pattern.test(name))?.[1] ??
    { name: "unknown", limitsUse: true };
}

/** Whether answers are a question's own solution, which has the question's licence. */
export const isReference = ({ provider }: { provider: string }): boolean =>
  provider === "reference";

/** Names of sources and models whose texts may not simply be passed on, with the reason. */
export function limitedOrigins({ rows, models }: Origins): Map<string, string> {
  const limited = new Map<string, string>();
  for (const { source, redistributable, licence } of rows) {
    if (!redistributable) limited.set(source, `its texts may not be passed on (${licence})`);
  }
  for (const { model, provider } of models) {
    const licence = modelLicence(model);
    if (isReference({ provider }) || !licence.limitsUse) continue;
    limited.set(
      model,
      licence.name === "unknown"
        ? "nobody knows here what its licence says of its answers"
        : `the ${licence.name} limits the use of its answers`,
    );
  }
  return limited;
}

/**
 * Refuses to show everybody what is not to be passed on, unless each origin was accepted by its name.
 * @throws InputError that names them, and how they are accepted
 */
export function checkOrigins(origins: Origins, accept: readonly string[]): void {
  const refused = [...limitedOrigins(origins)].filter(([name]) => !accept.includes(name));
  if (refused.length === 0) return;
  throw new InputError(
    `This is not published for everybody: ${
      refused.map(([name, why]) => `${name}: ${why}`).join("; ")
    }. Keep it private (private=true), or, where you have the right to pass it on, accept by name: accept=[${
      [...accept, ...refused.map(([name]) => name)].join(",")
    }]`,
  );
}
