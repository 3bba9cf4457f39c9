/**
 * What a trainer shows of its data before it starts: templates, BOS, EOS and truncation go wrong silently
 * otherwise.
 *
 * @module
 */
import { countExamples, countTruncation, textsOf } from "@/lib/datasets/batches.ts";
import type { BatchOptions, TruncationCounts } from "@/lib/datasets/batches.ts";
import type { ExampleList } from "@/lib/datasets/example-list.ts";
import { type Fault, faultLine, textFaults, tokenFaults } from "@/lib/datasets/faults.ts";
import { type PairTexts, tokenizePair, type TruncationMode } from "@/lib/datasets/tokenize.ts";
import type { Sequence } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";

/** One sequence as the model sees it. Counts are of tokens. */
export interface SequenceDescription {
  /** The prompt's tokens as text, after truncation. */
  prompt: string;
  /** The response's tokens as text, EOS included. */
  response: string;
  promptTokens: number;
  responseTokens: number;
  /** `undefined` when the model has no BOS token. */
  bosTokens?: number;
  /** End-of-sequence tokens in the prompt (a chat template has some) and in the response (1, or 0 when cut). */
  eosInPrompt: number;
  eosInResponse: number;
}

/** What {@link describeData} finds. */
export interface DataDescription {
  /** Examples of one epoch. */
  examples: number;
  /** Of the first `truncation.pairs` examples, how many had a prompt or a response cut. */
  truncation: TruncationCounts;
  /** Tokens of the longest sequence among them, after truncation. */
  longest: number;
  /** How many prompts do not end where a token of prompt and response together ends, and of how many. */
  merged: { count: number; of: number };
  /** What is wrong with the texts, and with the tokens of the first `truncation.pairs` examples. */
  faults: Fault[];
  first: { chosen: SequenceDescription; rejected: SequenceDescription };
}

/**
 * Decodes the first example and counts what truncation does to the first `limit` (default 2,000).
 * @throws InputError when there are no examples
 */
export function describeData(
  examples: ExampleList,
  tokenizer: Tokenizer,
  options: BatchOptions & {
    bosId?: number;
    limit?: number;
    /** How many embeddings the model has; the tokenizer's ids when not given. */
    vocabularySize?: number;
    /** The test split. */
    held?: ExampleList;
  },
): DataDescription {
  const texts = firstTexts(examples, options.limit ?? 2000, options.sftMode);
  if (texts.length === 0) {
    throw new InputError("The dataset holds no examples; label some pairs and publish it again.");
  }
  const faults = textFaults(examples, options.held ?? [], { tokenizer, ...options });
  // A closing token inside a response is refused below without saying how many there are.
  if (faults.some(({ fatal }) => fatal)) throw faultError(faults);
  const pairs = texts.map(({ mode, ...t }) =>
    tokenizePair(tokenizer, t, { ...options, truncationMode: mode })
  );
  const { vocabSize: vocabularySize, eosId } = tokenizer;
  faults.push(...tokenFaults(pairs, { vocabularySize, eosId, ...options }));
  if (faults.some(({ fatal }) => fatal)) throw faultError(faults);
  const describe = (sequence: Sequence) => describeSequence(sequence, tokenizer, options.bosId);
  return {
    examples: countExamples(examples, options.sftMode),
    truncation: countTruncation(pairs),
    faults,
    merged: mergedBoundaries(texts.slice(0, BOUNDARIES), tokenizer, options.promptFormat),
    longest: pairs.reduce((n, p) => Math.max(n, p.chosen.ids.length, p.rejected.ids.length), 0),
    first: { chosen: describe(pairs[0].chosen), rejected: describe(pairs[0].rejected) },
  };
}

function firstTexts(examples: ExampleList, limit: number, sftMode?: boolean) {
  const texts: (PairTexts & { mode: TruncationMode })[] = [];
  for (const example of examples) {
    for (const some of textsOf(example, sftMode)) {
      if (texts.length === limit) return texts;
      texts.push({ ...some, mode: example.truncationMode });
    }
  }
  return texts;
}

/** So many boundaries are looked at: each takes tokenising the pair once more. */
const BOUNDARIES = 200;

/**
 * Prompts that the tokenizer would join with the response's first letters. Prompt and response are tokenised apart,
 * as the reference does, so the model sees other tokens there than it would write itself.
 */
function mergedBoundaries(
  texts: readonly { prompt: string; chosen: string }[],
  tokenizer: Tokenizer,
  format: BatchOptions["promptFormat"],
): DataDescription["merged"] {
  // A chat prompt ends with a special token or a line break of the template, which nothing merges with.
  if (format === "chat") return { count: 0, of: texts.length };
  const merges = ({ prompt, chosen }: { prompt: string; chosen: string }) => {
    const whole = tokenizer.encode(prompt + chosen);
    return tokenizer.encode(prompt).some((id, i) => id !== whole[i]);
  };
  return { count: texts.filter(merges).length, of: texts.length };
}

function describeSequence(
  { ids, start }: Sequence,
  tokenizer: Tokenizer,
  bosId?: number,
): SequenceDescription {
  const prompt = ids.slice(0, start), response = ids.slice(start);
  const count = (some: number[], id: number) => some.filter((i) => i === id).length;
  return {
    prompt: tokenizer.decode(prompt),
    response: tokenizer.decode(response),
    promptTokens: prompt.length,
    responseTokens: response.length,
    bosTokens: bosId === undefined ? undefined : count(ids, bosId),
    eosInPrompt: count(prompt, tokenizer.eosId),
    eosInResponse: count(response, tokenizer.eosId),
  };
}

const faultError = (faults: Fault[]): InputError =>
  new InputError(
    `The data cannot be trained on: ${faults.filter((f) => f.fatal).map(faultLine).join("; ")}.`,
  );

/** More of a fault than this share is no accident. */
const ALARMING = 0.05;

/** A description as lines for a person. */
export function descriptionLines(
  { examples, truncation, longest, first, faults, merged }: DataDescription,
): string[] {
  const { pairs, prompts, chosen, rejected } = truncation;
  const side = (name: string, s: SequenceDescription) =>
    `${name}: ${s.promptTokens} prompt + ${s.responseTokens} response tokens; ` +
    (s.bosTokens === undefined ? "" : `BOS ${s.bosTokens}, `) +
    `EOS ${s.eosInPrompt} in the prompt, ${s.eosInResponse} in the response`;
  return [
    `${examples} examples an epoch; longest sequence ${longest} tokens`,
    `cut by max_length, of the first ${pairs}: ${prompts} prompts, ${chosen} chosen, ${rejected} rejected`,
    ...merged.count === 0 ? [] : [
      `${merged.count} of ${merged.of} prompts end inside a token of prompt and response together; both are ` +
      "tokenised apart, as the reference does",
    ],
    ...faults.map((fault) =>
      `${fault.count > ALARMING * fault.of ? "WARNING, " : ""}${faultLine(fault)}`
    ),
    `first example, ${side("chosen", first.chosen)}`,
    `first example, ${side("rejected", first.rejected)}`,
    `the prompt ends with ${JSON.stringify(first.chosen.prompt.slice(-60))}, ` +
    `chosen begins with ${JSON.stringify(first.chosen.response.slice(0, 60))}`,
  ];
}
