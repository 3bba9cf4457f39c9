/**
 * Exports the tests' tiny model as a Hugging Face folder and as GGUF, for what transformers makes of both.
 *
 *     deno run -A tests/oracles/export_tiny.ts FOLDER
 */
import { join } from "node:path";
import { exportModel } from "@/lib/export/export-model.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";

const [folder] = Deno.args;
const model = join(folder, "tiny");
await saveTinyModel(model);
const options = {
  model,
  type: "f32",
  lora: "merged",
  host: "",
  private: true,
  log: console.log,
} as const;
await exportModel({ ...options, format: "hf", out: join(folder, "hf") });
await exportModel({ ...options, format: "gguf", out: join(folder, "tiny.gguf") });
