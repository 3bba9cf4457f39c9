/**
 * The batches that our trainer draws from a dataset, in its order, so that another trainer can be given the
 * same ones.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { TRAINING } from "@/lib/bench/configurations.ts";
import { MAX_LENGTH } from "@/lib/bench/pairs.ts";
import { batches, textsOf } from "@/lib/datasets/batches.ts";
import { loadExamples } from "@/lib/datasets/load.ts";
import type { PreferenceRow } from "@/lib/datasets/rows.ts";
import { pairId } from "@/lib/datasets/tokenize.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** One batch, as texts and as tokens. */
export interface OrderedBatch {
  rows: PreferenceRow[];
  pairs: TokenizedPair[];
}

/**
 * The batches of one epoch.
 * @param dataset JSONL file or dataset folder, as in `datasets=[…] test_fraction=0`
 * @param seed of the order
 */
export async function trainingOrder(
  dataset: string,
  loss: "dpo" | "sft",
  tokenizer: Tokenizer,
  seed = 0,
): Promise<OrderedBatch[]> {
  const { examples } = await loadExamples([dataset], "train", { testFraction: 0 });
  const sftMode = loss === "sft";
  const rows = new Map(
    examples.flatMap((example) => textsOf(example, sftMode)).map((texts) => [pairId(texts), texts]),
  );
  const ordered: OrderedBatch[] = [];
  const options = {
    batchSize: TRAINING.batchSize,
    maxLength: MAX_LENGTH,
    maxPromptLength: MAX_LENGTH / 2,
    sftMode,
    seed,
    nEpochs: 1,
  };
  for await (const { pairs } of batches(examples, tokenizer, options)) {
    ordered.push({ pairs, rows: pairs.map(({ id }) => rows.get(id)!) });
  }
  return ordered;
}

/** The sequences that a loss reads of a pair: prompt and chosen, and for DPO prompt and rejected. */
export const sequencesOf = ({ chosen, rejected }: TokenizedPair, loss: "dpo" | "sft") =>
  loss === "sft" ? [chosen] : [chosen, rejected];

/** Tokens of some pairs: other than padding, prompts counted for each response. */
export const tokensOf = (pairs: readonly TokenizedPair[], loss: "dpo" | "sft"): number =>
  pairs.reduce(
    (sum, pair) => sum + sequencesOf(pair, loss).reduce((n, { ids }) => n + ids.length, 0),
    0,
  );

/** SHA-256 over all token ids in order, for comparing tokenisers across languages. */
export function idsDigest(pairs: readonly TokenizedPair[], loss: "dpo" | "sft"): string {
  const ids = pairs.map((pair) => sequencesOf(pair, loss).map((sequence) => sequence.ids));
  return createHash("sha256").update(JSON.stringify(ids)).digest("hex");
}
