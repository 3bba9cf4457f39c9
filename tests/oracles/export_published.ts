/**
 * Publishes labels, and exports the tests' tiny model, for what TRL makes of both.
 *
 *     deno run -A tests/oracles/export_published.ts FOLDER
 */
import { join } from "node:path";
import { exportModel } from "@/lib/export/export-model.ts";
import { publishForTrl } from "@/tests/publish/for-trl.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";

const [folder] = Deno.args;
const model = join(folder, "tiny");
await saveTinyModel(model);
await exportModel({
  ...{ model, type: "f32", lora: "merged", host: "", private: true, log: () => {} } as const,
  ...{ format: "hf", out: join(folder, "hf") } as const,
});
const { digest } = await publishForTrl(join(folder, "labels.duckdb"), join(folder, "dataset"));
console.log(JSON.stringify({ digest }));
