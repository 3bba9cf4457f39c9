/**
 * Writes the small models of `families` as GGUF in F32, for what transformers makes of them.
 *
 *     deno run -A tests/oracles/export_gguf_families.ts FOLDER
 */
import { join } from "node:path";
import { openModel } from "@/lib/models/source.ts";
import { asLlamaCpp, saveGoldenGguf, STORED, tensorsDigest } from "@/tests/models/family-gguf.ts";
import { writeGoldenFolder } from "@/tests/models/family-goldens.ts";

const [folder] = Deno.args, digests: Record<string, string> = {};
for (const [name, golden] of STORED) {
  const at = join(folder, name);
  Deno.mkdirSync(at);
  writeGoldenFolder(at, asLlamaCpp(name, golden));
  const source = await openModel(at), path = join(folder, `${name}.gguf`);
  await saveGoldenGguf(source, path);
  source.close();
  digests[name] = await tensorsDigest(path);
}
Deno.writeTextFileSync(join(folder, "digests.json"), JSON.stringify(digests));
