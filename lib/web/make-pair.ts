/**
 * Pairs made at the press of a button.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { listOllamaModels } from "@/lib/generation/ollama.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { twoSolutions } from "@/lib/generation/two-solutions.ts";
import { readQuestion } from "@/lib/questions/question.ts";
import type { StoredGeneration } from "@/lib/generation/requests.ts";
import type { Lease } from "@/lib/web/lease.ts";
import { oneAtATime } from "@/lib/web/one-at-a-time.ts";
import type { PairMaker } from "@/lib/web/state.ts";

/** Where a model comes from. */
export type OpenGenerator = () => Promise<Generator>;

/**
 * A maker of pairs on one model, which is opened at the first request and kept. Requests queue up: a model
 * does one thing at a time. The model is not named: who compares its solutions should not know.
 */
export function pairMaker(dbPath: string, lease: Lease, open: OpenGenerator): PairMaker {
  let generator: Promise<Generator> | undefined;

  const make: PairMaker = async ({ slug, instruction, kept }, { onNote, signal, ...hooks }) => {
    signal.throwIfAborted();
    onNote("Opening the model");
    generator ??= open();
    // A failure to open is not kept: the server may be there the next time.
    const model = await generator.catch((error) => {
      generator = undefined;
      throw error;
    });
    onNote("The model is writing");
    const question = await lease((store) => readQuestion(store, slug));
    if (question.split !== "train") {
      throw new InputError(`${slug} is kept for evaluation; no pair of it is labeled.`);
    }
    const one = kept === undefined ? undefined : await lease((store) =>
      store.row<StoredGeneration>(
        "SELECT id, slug, variant, code, status FROM generations WHERE id = $1",
        [kept],
      )
    );
    // A new seed each time: whoever asks again wants other solutions.
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
    const versions = await twoSolutions(dbPath, model, { question, instruction, kept: one, seed }, {
      ...hooks,
      signal,
    });
    return [versions[0].id, versions[1].id];
  };

  return oneAtATime(make);
}

/**
 * The generator of `deno task label`: the named model, or, for `auto`, the first model of an Ollama server that
 * answers, or else the embedded SmolLM2.
 */
export async function openLabelGenerator(model: string): Promise<Generator> {
  if (model !== "auto") return await openGenerator(model);
  const [first] = await listOllamaModels() ?? [];
  return await openGenerator(first ? `ollama:${first.name}` : "smollm2");
}
