/**
 * Writes the small models of `families` with adapters beside them, as training saves them, for PEFT.
 *
 *     deno run -A tests/oracles/export_adapters.ts FOLDER
 */
import { join } from "node:path";
import { saveAdapters } from "@/lib/models/adapter-folder.ts";
import { hfConfigText } from "@/lib/models/hf-config.ts";
import { openModel } from "@/lib/models/source.ts";
import { GOLDEN_LORA, goldenAdapters } from "@/tests/models/family-adapters.ts";
import { GOLDEN, writeGoldenFolder } from "@/tests/models/family-goldens.ts";

const [folder] = Deno.args;
for (const [name, golden] of Object.entries(GOLDEN.models)) {
  const at = join(folder, name);
  Deno.mkdirSync(at);
  writeGoldenFolder(at, golden);
  Deno.writeTextFileSync(join(at, "config.json"), hfConfigText(golden.config));
  const source = await openModel(at);
  await saveAdapters(join(at, "adapter"), goldenAdapters(source.config), GOLDEN_LORA, source);
  source.close();
}
