/**
 * A model as a GGUF file, with what has to be said of it.
 *
 * @module
 */
import type { Provenance } from "@/lib/export/provenance.ts";
import { policyOf } from "@/lib/models/export.ts";
import type { GgmlEncodingName } from "@/lib/models/ggml-encode.ts";
import { saveGguf } from "@/lib/models/gguf-export.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";

export interface GgufExport {
  type: GgmlEncodingName;
  log: (line: string) => void;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** @throws InputError when GGUF or llama.cpp does not have what the model is */
export async function writeGguf(
  path: string,
  source: ModelSource,
  { name, license }: Provenance,
  options: GgufExport,
): Promise<void> {
  const { type, log } = options;
  const { fallbacks, notes } = await saveGguf(path, policyOf(source, options), {
    type,
    name,
    license,
  });
  notes.forEach((note) => log(note));
  if (fallbacks.length > 0) {
    log(
      `${fallbacks.length} matrices are F16: their rows are not whole blocks of ${type} (${
        fallbacks[0]
      }${fallbacks.length > 1 ? ", …" : ""}).`,
    );
  }
}
