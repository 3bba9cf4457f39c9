/**
 * Batches of tokenised preference data, in the reference's order of things (`get_batch_iterator` in
 * preference_datasets.py): all datasets in one list, shuffled anew each epoch, all pairs of a prompt one after
 * the other, or, for SFT, one target a prompt.
 *
 * @module
 */
import { epochOrder } from "@/lib/datasets/order.ts";
import { checkLengths, tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { PromptFormat, TruncationMode } from "@/lib/datasets/tokenize.ts";
import type { Batch, PromptPreferences, TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** One prompt with all that is known about it, and how its dataset wants prompts cut. */
export interface FlatExample extends PromptPreferences {
  prompt: string;
  truncationMode: TruncationMode;
}

/** Options of {@link batches}; lengths in tokens. */
export interface BatchOptions {
  batchSize: number;
  maxLength: number;
  maxPromptLength: number;
  promptFormat?: PromptFormat;
  /** Learn `sft_target` (one example a prompt) rather than pairs; default false. */
  sftMode?: boolean;
  /** Default true. */
  shuffle?: boolean;
  /** Seed of the shuffling; default 0. */
  seed?: number;
  /** Stops after so many passes; this or `nExamples` is needed. */
  nEpochs?: number;
  /**
   * Stops with the first batch at whose end so many examples were read, as the reference counts them: those
   * of a last, incomplete batch that was left out included.
   */
  nExamples?: number;
  /**
   * `drop` leaves out the incomplete batch at the end of an epoch, as the reference does; `keep` is for
   * evaluation. Default `drop`.
   */
  lastBatch?: "drop" | "keep";
  /** How many examples came out before, when going on after an interruption; default 0. */
  skipExamples?: number;
}

/** How many examples one epoch reads: pairs, or, for SFT, prompts. */
export function countExamples(examples: readonly FlatExample[], sftMode = false): number {
  return sftMode ? examples.length : examples.reduce((sum, e) => sum + e.pairs.length, 0);
}

/** How many examples one epoch hands out, after leaving out an incomplete last batch. */
export function examplesPerEpoch(examples: readonly FlatExample[], options: BatchOptions): number {
  const count = countExamples(examples, options.sftMode);
  return options.lastBatch === "keep" ? count : count - count % options.batchSize;
}

/**
 * The batches of all epochs. What comes after `skipExamples` is exactly what an uninterrupted iteration would
 * have gone on with.
 *
 * @throws InputError when there is nothing to read, when a training set is smaller than a batch, when neither
 *   `nEpochs` nor `nExamples` is given, or when `skipExamples` does not fall between two batches
 */
export function batches(
  examples: readonly FlatExample[],
  tokenizer: Tokenizer,
  options: BatchOptions,
): AsyncIterable<Batch> {
  check(examples, options);
  return iterate(examples, tokenizer, options);
}

async function* iterate(
  examples: readonly FlatExample[],
  tokenizer: Tokenizer,
  options: BatchOptions,
): AsyncGenerator<Batch> {
  const { batchSize, nEpochs = Infinity, nExamples = Infinity, skipExamples = 0 } = options;
  const count = countExamples(examples, options.sftMode);
  const perEpoch = examplesPerEpoch(examples, options);
  let epoch = Math.floor(skipExamples / perEpoch);
  let position = skipExamples % perEpoch;
  let read = position > 0
    ? epoch * count + position
    : epoch > 0
    ? (epoch - 1) * count + perEpoch
    : 0;
  for (; epoch < nEpochs; epoch++, position = 0) {
    const items = itemsOf(examples, epoch, options);
    while (position < perEpoch) {
      if (read >= nExamples) return;
      const end = Math.min(position + batchSize, perEpoch);
      const pairs = items.slice(position, end).map(([{ truncationMode }, texts]) =>
        tokenizePair(tokenizer, texts, { ...options, truncationMode })
      );
      yield { epoch, pairs };
      position = end;
      read = epoch * count + end;
    }
  }
}

type Texts = { prompt: string; chosen: string; rejected: string };

/** What one epoch reads, in its order. */
function itemsOf(
  examples: readonly FlatExample[],
  epoch: number,
  { shuffle = true, seed = 0, sftMode }: BatchOptions,
): [FlatExample, Texts][] {
  const order = shuffle ? epochOrder(examples.length, seed, epoch) : examples.map((_, i) => i);
  return order.flatMap((index) =>
    textsOf(examples[index], sftMode).map((texts) =>
      [examples[index], texts] as [FlatExample, Texts]
    )
  );
}

/** The texts that a prompt contributes: one for each pair, or its SFT target. */
export function textsOf(example: FlatExample, sftMode = false): Texts[] {
  const { prompt, responses, sft_target } = example;
  if (sftMode) return [{ prompt, chosen: sft_target, rejected: sft_target }];
  return example.pairs.map(([preferred, dispreferred]) => ({
    prompt,
    chosen: responses[preferred],
    rejected: responses[dispreferred],
  }));
}

function check(examples: readonly FlatExample[], options: BatchOptions): void {
  const { batchSize, nEpochs, nExamples, lastBatch = "drop", skipExamples = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new InputError(`batch_size=${batchSize} has to be a whole number from 1.`);
  }
  checkLengths(options);
  if (nEpochs === undefined && nExamples === undefined) {
    throw new InputError("Say how long to train, with n_epochs=N or n_examples=N.");
  }
  const count = countExamples(examples, options.sftMode);
  if (count === 0) {
    throw new InputError("The dataset holds no examples; label some pairs and publish it again.");
  }
  if (lastBatch === "drop" && count < batchSize) {
    throw new InputError(
      `The training set has ${count} examples, fewer than one batch of batch_size=${batchSize}; lower batch_size or add data.`,
    );
  }
  const perEpoch = examplesPerEpoch(examples, options);
  if (skipExamples % perEpoch % batchSize !== 0) {
    throw new InputError(
      `Training cannot go on after ${skipExamples} examples with batch_size=${batchSize}; use the batch_size it began with.`,
    );
  }
}

/** How many prompts and responses truncation cut, among `pairs` pairs. */
export interface TruncationCounts {
  pairs: number;
  prompts: number;
  chosen: number;
  rejected: number;
}

/** Adds what truncation did to `pairs` to `counts`, and returns it. */
export function countTruncation(
  pairs: readonly TokenizedPair[],
  counts: TruncationCounts = { pairs: 0, prompts: 0, chosen: 0, rejected: 0 },
): TruncationCounts {
  for (const { truncated } of pairs) {
    counts.pairs++;
    counts.prompts += Number(truncated.prompt);
    counts.chosen += Number(truncated.chosen);
    counts.rejected += Number(truncated.rejected);
  }
  return counts;
}
