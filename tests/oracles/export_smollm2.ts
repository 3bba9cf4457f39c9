/**
 * Saves SmolLM2 as a Hugging Face folder (fp32, dequantised) for the oracles, so that PyTorch computes with the
 * very weights that are computed with here.
 *
 *     deno run -A tests/oracles/export_smollm2.ts FOLDER
 */
import { savePolicy } from "@/lib/models/export.ts";
import { openModel } from "@/lib/models/source.ts";

const [folder] = Deno.args;
const model = await openModel("smollm2");
const weights = (async function* () {
  for (const name of model.tensorNames) {
    yield { name, shape: model.shape(name), data: await model.read(name) };
  }
})();
await savePolicy(folder, { config: model.config, tokenizer: model.tokenizer, weights });
model.close();
