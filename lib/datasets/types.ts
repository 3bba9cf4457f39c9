/**
 * The shapes that preference data takes between a source and a trainer.
 *
 * @module
 */

import type { ChatMessage } from "@/lib/models/tokenizer.ts";

/** Everything known about one prompt, in the reference's shape (preference_datasets.py). */
export interface PromptPreferences {
  responses: string[];
  /** Indices into `responses`: `[preferred, dispreferred]`. */
  pairs: [number, number][];
  /** What SFT learns for this prompt. */
  sft_target: string;
  /** The prompt as a conversation, where it is more than one message of a user. */
  messages?: ChatMessage[];
}

/** prompt → what is known about it. Insertion order is the data's order. */
export type PreferenceData = Map<string, PromptPreferences>;

/** One sequence: prompt and response together. */
export interface Sequence {
  /** Token ids of prompt and response; the last one closes the response (EOS) unless it was cut. */
  ids: number[];
  /** Index of the response's first token; log-probs are summed over `ids[start…]`. */
  start: number;
}

/** A preference pair, tokenised and truncated. */
export interface TokenizedPair {
  /** Stable name of the pair: digest of its three texts. */
  id: string;
  prompt: string;
  chosen: Sequence;
  rejected: Sequence;
  /** What truncation did to this pair. */
  truncated: { prompt: boolean; chosen: boolean; rejected: boolean };
}

/** What a trainer gets: `pairs.length` is the batch size. For SFT only `chosen` is read, and `rejected` repeats it. */
export interface Batch {
  epoch: number;
  pairs: TokenizedPair[];
}
