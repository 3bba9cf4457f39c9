/**
 * The model of the benchmarks as a Hugging Face folder in fp32, so that everybody computes with the same weights.
 *
 * @module
 */
import { join } from "node:path";
import { savePolicy } from "@/lib/models/export.ts";
import { openModel } from "@/lib/models/source.ts";

/**
 * Exports SmolLM2 to a folder below `parent`, unless it is there.
 * @returns the folder
 */
export async function exportedModel(parent: string): Promise<string> {
  const source = await openModel("smollm2");
  try {
    const folder = join(parent, `smollm2-${source.digest.slice(0, 12)}`);
    try {
      if (Deno.statSync(folder).isDirectory) return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const partial = `${folder}.${crypto.randomUUID()}`;
    const weights = async function* () {
      for (const name of source.tensorNames) {
        yield { name, shape: source.shape(name), data: await source.read(name) };
      }
    };
    const { config, tokenizer } = source;
    try {
      await savePolicy(partial, { config, tokenizer, weights: weights() });
      await Deno.rename(partial, folder);
    } catch (error) {
      await Deno.remove(partial, { recursive: true }).catch(() => {});
      throw error;
    }
    return folder;
  } finally {
    source.close();
  }
}
