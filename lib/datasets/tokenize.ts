/**
 * Texts to token ids, with the reference's rules of truncation (`tokenize_batch_element` in
 * preference_datasets.py of eric-mitchell/direct-preference-optimization).
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Sequence, TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import type { ChatMessage, Tokenizer } from "@/lib/models/tokenizer.ts";

/** Which end of a prompt that is too long stays. */
export type TruncationMode = "keep_start" | "keep_end";

/** `plain`: the prompt as it is, no BOS. `chat`: as a user's message in the model's chat template. */
export type PromptFormat = "plain" | "chat";

/** The texts of a pair. */
export interface PairTexts {
  prompt: string;
  /** The prompt as a conversation, where it is more than one message of a user. */
  messages?: ChatMessage[];
  chosen: string;
  rejected: string;
}

/** What {@link tokenizePair} needs beside the texts. Lengths are in tokens. */
export interface TokenizeOptions {
  /** Longest prompt and response together. */
  maxLength: number;
  /** What is left of a prompt when prompt and response together are too long. */
  maxPromptLength: number;
  truncationMode?: TruncationMode;
  promptFormat?: PromptFormat;
}

/** Says what is wrong with lengths that leave no room for a prompt or for a response. */
export function checkLengths({ maxLength, maxPromptLength }: TokenizeOptions): void {
  if (!Number.isInteger(maxPromptLength) || maxPromptLength < 1) {
    throw new InputError(`max_prompt_length=${maxPromptLength} has to be a whole number from 1.`);
  }
  if (!Number.isInteger(maxLength) || maxLength <= maxPromptLength) {
    throw new InputError(
      `max_length=${maxLength} has to be a whole number above max_prompt_length=${maxPromptLength}, or no room is left for responses.`,
    );
  }
}

/**
 * Token ids of a prompt alone, before any truncation.
 * @throws InputError for a conversation in the plain format, which has no way to write one
 */
export function promptIds(
  tokenizer: Tokenizer,
  { prompt, messages }: Pick<PairTexts, "prompt" | "messages">,
  format: PromptFormat = "plain",
): number[] {
  if (format === "chat") return tokenizer.chatPrompt(messages ?? asMessages(prompt));
  if (messages) {
    throw new InputError(
      `A prompt is a conversation of ${messages.length} messages, which only the model's template can write; use ` +
        `prompt_format=chat (it begins ${JSON.stringify(prompt.slice(0, 60))}).`,
    );
  }
  return tokenizer.encode(prompt);
}

const asMessages = (prompt: string): ChatMessage[] => [{ role: "user", content: prompt }];

/**
 * A preference pair as ids. Prompt and responses are tokenised apart and then joined, each response is closed
 * by one EOS. When the prompt and the longer response exceed `maxLength`, the prompt is cut to
 * `maxPromptLength` (in the chat format the message is, so that the template stays whole); when they still do,
 * both responses are cut to `maxLength - maxPromptLength`, as the reference does. `truncated` says what was cut.
 *
 * @throws InputError when a response holds the EOS token, or the lengths leave no room
 */
export function tokenizePair(
  tokenizer: Tokenizer,
  texts: PairTexts,
  options: TokenizeOptions,
): TokenizedPair {
  checkLengths(options);
  const { maxLength, maxPromptLength, truncationMode = "keep_start" } = options;
  let prompt = promptIds(tokenizer, texts, options.promptFormat);
  let chosen = closedResponse(tokenizer, texts.chosen, "chosen");
  let rejected = texts.rejected === texts.chosen
    ? chosen
    : closedResponse(tokenizer, texts.rejected, "rejected");
  const longer = Math.max(chosen.length, rejected.length);
  const truncated = { prompt: false, chosen: false, rejected: false };

  if (prompt.length + longer > maxLength && prompt.length > maxPromptLength) {
    truncated.prompt = true;
    prompt = options.promptFormat === "chat"
      ? shortenedChat(
        tokenizer,
        texts.messages ?? asMessages(texts.prompt),
        maxPromptLength,
        truncationMode,
      )
      : truncationMode === "keep_end"
      ? prompt.slice(-maxPromptLength)
      : prompt.slice(0, maxPromptLength);
  }
  if (prompt.length + longer > maxLength) {
    const room = maxLength - maxPromptLength;
    truncated.chosen = chosen.length > room;
    truncated.rejected = rejected.length > room;
    chosen = chosen.slice(0, room);
    rejected = rejected.slice(0, room);
  }
  const join = (response: number[]): Sequence => ({
    ids: prompt.concat(response),
    start: prompt.length,
  });
  return {
    id: pairId(texts),
    prompt: texts.prompt,
    chosen: join(chosen),
    rejected: join(rejected),
    truncated,
  };
}

/**
 * The chat prompt with as much of the messages' text as fits, one message after the other. Cutting the ids instead would cut off the template's
 * end, where the answer begins.
 */
function shortenedChat(
  tokenizer: Tokenizer,
  messages: ChatMessage[],
  maxPromptLength: number,
  mode: TruncationMode,
): number[] {
  const texts = messages.map(({ content }) => Array.from(content));
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  const render = (n: number) => {
    let before = 0;
    const first = mode === "keep_end" ? length - n : 0;
    return tokenizer.chatPrompt(messages.map((message, i) => {
      const kept = texts[i].slice(Math.max(0, first - before), Math.max(0, first + n - before));
      before += texts[i].length;
      return { ...message, content: kept.join("") };
    }));
  };
  let fits = 0, tooMany = length;
  let ids = render(0);
  if (ids.length > maxPromptLength) {
    throw new InputError(
      `The chat template alone takes ${ids.length} tokens, more than max_prompt_length=${maxPromptLength}; raise it or use prompt_format=plain.`,
    );
  }
  while (tooMany - fits > 1) {
    const n = (fits + tooMany) >> 1;
    const tried = render(n);
    if (tried.length <= maxPromptLength) [fits, ids] = [n, tried];
    else tooMany = n;
  }
  return ids;
}

/**
 * One prompt and one response as ids, never truncated, closed by EOS: what `logps` measures.
 * @throws InputError when the response holds the EOS token
 */
export function tokenizeSequence(
  tokenizer: Tokenizer,
  prompt: string,
  response: string,
  format: PromptFormat = "plain",
): Sequence {
  const ids = promptIds(tokenizer, { prompt }, format);
  return {
    ids: ids.concat(closedResponse(tokenizer, response, "response")),
    start: ids.length,
  };
}

/** Stable name of a pair: the digest of its three texts, 16 hexadecimal digits. */
export function pairId(texts: { prompt: string; chosen: string; rejected: string }): string {
  return createHash("sha256")
    .update(JSON.stringify([texts.prompt, texts.chosen, texts.rejected]))
    .digest("hex").slice(0, 16);
}

function closedResponse(tokenizer: Tokenizer, text: string, role: string): number[] {
  const ids = tokenizer.encode(text);
  if (ids.includes(tokenizer.eosId)) {
    throw new InputError(
      `A ${role} text holds the end-of-sequence token, which only may close it; remove it from the text that begins ${
        JSON.stringify(text.slice(0, 60))
      }.`,
    );
  }
  return [...ids, tokenizer.eosId];
}
