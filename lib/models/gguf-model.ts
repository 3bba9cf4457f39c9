/**
 * A GGUF file as a model: tensors under Hugging Face's names and in its layout.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type DecoderConfig, tensorShapes } from "@/lib/models/config.ts";
import { fileDigest } from "@/lib/models/digest.ts";
import { HEAD } from "@/lib/models/families/gguf.ts";
import { familyOf } from "@/lib/models/families/mod.ts";
import { type GgufFile, openGguf } from "@/lib/models/gguf.ts";
import { ggufConfig } from "@/lib/models/gguf-config.ts";
import { type GgufStored, ggufTensors } from "@/lib/models/gguf-tensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { checkShape, checkVocabulary, known } from "@/lib/models/tensor-checks.ts";
import { createTokenizer } from "@/lib/models/tokenizer.ts";
import { ggufTokenizerParts } from "@/lib/models/tokenizer-gguf.ts";

/**
 * Opens a `.gguf` file as a model.
 *
 * @param name what the user called it
 * @throws InputError when the file is damaged, of a kind that is not supported, or its tensors do not fit its
 *   configuration
 */
export async function openGgufModel(name: string, path: string): Promise<ModelSource> {
  const file = await openGguf(path);
  try {
    const config = ggufConfig(file);
    const shapes = tensorShapes(config), stored = ggufTensors(config);
    checkTensors(file, config, shapes, stored);
    const tokenizer = createTokenizer(ggufTokenizerParts(file));
    checkVocabulary(path, tokenizer, config);
    const digest = fileDigest(path);
    return {
      name,
      path,
      format: "gguf",
      digest,
      config,
      tokenizer,
      tensorNames: [...shapes.keys()],
      shape: (tensor) => known(path, shapes, tensor),
      read(tensor) {
        known(path, shapes, tensor);
        const { name, toMemory } = stored.get(tensor)!;
        return Promise.resolve(toMemory(file.read(name)));
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Each tensor that the configuration asks for is there in its shape, and nothing else is. */
function checkTensors(
  file: GgufFile,
  config: DecoderConfig,
  shapes: Map<string, number[]>,
  stored: Map<string, GgufStored>,
): void {
  const unknown = new Set(file.tensors.keys());
  const derived = familyOf(config.architecture)!.gguf!.tensors?.(config).keys() ?? [];
  for (const name of derived) unknown.delete(name);
  if (config.tie_word_embeddings) unknown.delete(HEAD);
  for (const [name, shape] of shapes) {
    const inFile = stored.get(name)!.name, tensor = file.tensors.get(inFile);
    if (!tensor) throw new InputError(`${file.path} has no tensor named ${inFile}.`);
    unknown.delete(inFile);
    checkShape(`${file.path}: tensor ${tensor.name}`, tensor.shape, shape);
  }
  if (unknown.size > 0) {
    throw new InputError(
      `${file.path} has ${unknown.size} tensors that a ${config.architecture} model does not use (${
        [...unknown].slice(0, 3).join(", ")
      }); its outputs would be wrong without them.`,
    );
  }
}
