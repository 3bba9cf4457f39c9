/**
 * Whether the parts of a model fit each other, whatever file they come from.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** Refuses a tensor of another shape than the configuration says. */
export function checkShape(where: string, found: number[], expected: number[]): void {
  if (found.join() !== expected.join()) {
    throw new InputError(
      `${where} has the shape [${found.join(", ")}]; the model's configuration says [${
        expected.join(", ")
      }].`,
    );
  }
}

/** Refuses a tokenizer with ids beyond the embedding table. */
export function checkVocabulary(path: string, tokenizer: Tokenizer, config: DecoderConfig): void {
  if (tokenizer.vocabSize > config.vocab_size) {
    throw new InputError(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens, the model's embedding only ${config.vocab_size}; the ` +
        "tokenizer is another model's.",
    );
  }
}

/** The shape of a tensor of this model. */
export function known(path: string, shapes: Map<string, number[]>, name: string): number[] {
  const shape = shapes.get(name);
  if (!shape) throw new InputError(`${path} has no tensor named ${name}.`);
  return shape;
}
