/**
 * Batches of tokenised preference data, in the reference's order of things (`get_batch_iterator` in
 * preference_datasets.py): all datasets in one list, shuffled anew each epoch, all pairs of a prompt one after
 * the other, or, for SFT, one target a prompt.
 *
 * @module
 */
import type { ExampleList, FlatExample } from "@/lib/datasets/example-list.ts";
import { epochOrders } from "@/lib/datasets/order.ts";
import { checkLengths, tokenizePair } from "@/lib/datasets/tokenize.ts";
import type { PairTexts, PromptFormat } from "@/lib/datasets/tokenize.ts";
import type { Batch, TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

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
export function countExamples(examples: ExampleList, sftMode = false): number {
  if (sftMode) return examples.length;
  if (examples.pairCount !== undefined) return examples.pairCount;
  let pairs = 0;
  for (const example of examples) pairs += example.pairs.length;
  return pairs;
}

/** How many examples one epoch hands out, after leaving out an incomplete last batch. */
export function examplesPerEpoch(examples: ExampleList, options: BatchOptions): number {
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
  examples: ExampleList,
  tokenizer: Tokenizer,
  options: BatchOptions,
): AsyncIterable<Batch> {
  check(examples, options);
  return iterate(examples, tokenizer, options);
}

async function* iterate(
  examples: ExampleList,
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
  const orders = ordersOf(examples, options);
  for (let passed = 0; passed < epoch; passed++) orders.next();
  for (; epoch < nEpochs; epoch++, position = 0) {
    const items = itemsOf(examples, orders.next().value, position, options.sftMode);
    while (position < perEpoch) {
      if (read >= nExamples) return;
      const end = Math.min(position + batchSize, perEpoch);
      const pairs: TokenizedPair[] = [];
      for (; position < end; position++) {
        const [{ truncationMode }, texts] = items.next().value!;
        pairs.push(tokenizePair(tokenizer, texts, { ...options, truncationMode }));
      }
      yield { epoch, pairs };
      read = epoch * count + end;
    }
  }
}

/** The order of the examples in each epoch. */
function* ordersOf(
  { length }: ExampleList,
  { shuffle = true, seed = 0 }: BatchOptions,
): Generator<Uint32Array, never> {
  if (shuffle) return yield* epochOrders(length, seed);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (;;) yield order;
}

/** What one epoch reads in its order, from the example number `skip` on. */
function* itemsOf(
  examples: ExampleList,
  order: Uint32Array,
  skip: number,
  sftMode?: boolean,
): Generator<[FlatExample, PairTexts], undefined> {
  for (const index of order) {
    const example = examples.at(index)!;
    const size = sftMode ? 1 : example.pairs.length;
    if (skip >= size) skip -= size;
    else {
      for (const texts of textsOf(example, sftMode).slice(skip)) yield [example, texts];
      skip = 0;
    }
  }
}

/** The texts that a prompt contributes: one for each pair, or its SFT target. */
export function textsOf(example: FlatExample, sftMode = false): PairTexts[] {
  const { prompt, messages, responses, sft_target } = example;
  const asked = messages ? { prompt, messages } : { prompt };
  if (sftMode) return [{ ...asked, chosen: sft_target, rejected: sft_target }];
  return example.pairs.map(([preferred, dispreferred]) => ({
    ...asked,
    chosen: responses[preferred],
    rejected: responses[dispreferred],
  }));
}

function check(examples: ExampleList, options: BatchOptions): void {
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
