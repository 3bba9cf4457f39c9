/**
 * SmolLM2 and the pairs of tests/fixtures, for tests that compare numbers.
 *
 * @module
 */
import { tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { loadWeights, type Weights } from "@/lib/models/weights.ts";

const PAIRS = new URL("../fixtures/pairs.jsonl", import.meta.url);

/** The model's file, which the caller closes, and the pairs, none of them truncated. */
export async function openSmollm2(): Promise<{ source: ModelSource; pairs: TokenizedPair[] }> {
  const source = await openModel("smollm2");
  const lines = (await Deno.readTextFile(PAIRS)).trim().split("\n");
  const pairs = lines.map((line) =>
    tokenizePair(source.tokenizer, JSON.parse(line), { maxLength: 512, maxPromptLength: 256 })
  );
  return { source, pairs };
}

/** The same with fresh weights that the caller disposes; the file is closed. */
export async function loadSmollm2(): Promise<
  { source: ModelSource; weights: Weights; pairs: TokenizedPair[] }
> {
  const { source, pairs } = await openSmollm2();
  const weights = await loadWeights(source);
  source.close();
  return { source, weights, pairs };
}
