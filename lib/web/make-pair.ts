/**
 * Pairs made at the press of a button.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { listOllamaModels } from "@/lib/generation/ollama.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { generatePairs } from "@/lib/generation/pairs.ts";
import { readQuestion } from "@/lib/questions/question.ts";
import type { Lease } from "@/lib/web/lease.ts";
import type { PairMaker } from "@/lib/web/state.ts";

/** Where a model comes from. */
export type OpenGenerator = () => Promise<Generator>;

/**
 * A maker of pairs on one model, which is opened at the first request and kept. Requests queue up: a model
 * does one thing at a time.
 */
export function pairMaker(dbPath: string, lease: Lease, open: OpenGenerator): PairMaker {
  let generator: Promise<Generator> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const make: PairMaker = async ({ slug, instruction }, { onText, onProgress, signal }) => {
    signal.throwIfAborted();
    onProgress(0, 1, "opening the model");
    generator ??= open();
    // A failure to open is not kept: the server may be there the next time.
    const model = await generator.catch((error) => {
      generator = undefined;
      throw error;
    });
    onProgress(0, 1, `${model.model} is writing`);
    const question = await lease((store) => readQuestion(store, slug));
    const report = await generatePairs(dbPath, model, [question], {
      instruction,
      // A new seed each time: whoever asks again wants other solutions.
      seed: crypto.getRandomValues(new Uint32Array(1))[0] >>> 1,
      onText: (_, delta) => onText(delta),
      signal,
    });
    const [pair] = report.pairs;
    if (pair === undefined) {
      throw new OperationError(
        `${model.model} gave no two different solutions (${report.withoutPair[0].reason}); ` +
          "generate again or change the instruction.",
      );
    }
    return { pair, model: model.model };
  };

  return (request, options) => {
    const mine = last.then(() => make(request, options));
    last = mine.catch(() => {});
    return mine;
  };
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
