/**
 * How prompts reach a model in Ollama.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { ollamaTemplate, PLAIN_TEMPLATE } from "@/lib/export/ollama-template.ts";
import type { Provenance } from "@/lib/export/provenance.ts";
import type { ModelSource } from "@/lib/models/source.ts";

/** What is asked for. */
export interface PromptOptions {
  promptFormat?: "plain" | "chat";
  log: (line: string) => void;
}

/**
 * The template: as the model was trained, else by its chat template where it has one; undefined where the server is to
 * choose.
 *
 * @throws InputError for `chat` without a chat template
 */
export function promptTemplate(
  source: ModelSource,
  about: Provenance,
  options: PromptOptions,
): string | undefined {
  const format = options.promptFormat ?? about.promptFormat ??
    (source.tokenizer.chatTemplate === undefined ? "plain" : "chat");
  if (format === "plain") return PLAIN_TEMPLATE;
  if (source.tokenizer.chatTemplate === undefined) {
    throw new InputError(`${source.name} has no chat template; use prompt_format=plain.`);
  }
  const template = ollamaTemplate(source.tokenizer);
  if (template === undefined) {
    options.log(
      "The chat template cannot be said in Ollama's language here; its server chooses the nearest that it knows.",
    );
  }
  return template;
}
