/**
 * LoRA adapters as a GGUF file, which llama.cpp (`--lora`) and Ollama put on the base's own file.
 *
 * @see {@link https://github.com/ggml-org/llama.cpp/blob/master/convert_lora_to_gguf.py}
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { OpenAdapters } from "@/lib/models/adapter-folder.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { familyOf } from "@/lib/models/families/mod.ts";
import { GGML_ENCODINGS } from "@/lib/models/ggml-encode.ts";
import { ggufName, rowsInFile } from "@/lib/models/gguf-tensors.ts";
import { createGguf, float, text, uint } from "@/lib/models/gguf-writer.ts";

/**
 * Saves adapters to the file `path`, in F32: A and B of each matrix by its name in the base's file, B's rows in the
 * order that the matrix has there.
 *
 * @param base the configuration of the model that they are put on
 * @param name `general.name`
 * @throws InputError for a family that llama.cpp does not compute
 */
export function saveGgufAdapters(
  path: string,
  { alpha, tensors }: OpenAdapters,
  base: DecoderConfig,
  { name, license }: { name: string; license?: string },
): void {
  const gguf = familyOf(base.architecture)?.gguf;
  if (!gguf) {
    throw new InputError(
      `adapters of a ${base.architecture} model cannot be written to GGUF, for llama.cpp does not compute it; export ` +
        "with format=hf.",
    );
  }
  const named = tensors.map((tensor) => ({
    ...tensor,
    name: `${ggufName(tensor.matrix)}.lora_${tensor.part}`,
  }));
  const writer = createGguf(
    path,
    {
      "general.type": text("adapter"),
      "general.architecture": text(gguf.architecture),
      "general.name": text(name),
      "general.file_type": uint(GGML_ENCODINGS.f32.fileType),
      "general.quantization_version": uint(2),
      ...(license === undefined ? {} : { "general.license": text(license) }),
      "adapter.type": text("lora"),
      "adapter.lora.alpha": float(alpha),
    },
    named.map(({ name, shape }) => ({ name, shape, encoding: GGML_ENCODINGS.f32 })),
  );
  try {
    for (const { name, matrix, part, read } of named) {
      writer.write(name, part === "b" ? rowsInFile(matrix, read(), base) : read());
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}
