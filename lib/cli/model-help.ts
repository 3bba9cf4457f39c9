/** What a key takes that names a model, in the tasks' `--help`. */
export const A_MODEL =
  "preset, .gguf file, Hugging Face folder, ollama:NAME, or NAMESPACE/NAME[@REVISION][:GGUF] of the hub";
