/**
 * The model that trains, as a source of answers: no server needed.
 *
 * @module
 */
import type { Answer, GenerationRequest, Generator } from "@/lib/generation/generator.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import { createSampler, type Sampler } from "@/lib/models/sampling.ts";
import { stopsAt } from "@/lib/models/stop-texts.ts";
import { openModel } from "@/lib/models/source.ts";
import { loadFrozenWeights, type Weights } from "@/lib/models/weights.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import type { OnProgress } from "@/lib/progress.ts";

export interface EmbeddedOptions {
  /** `auto` measures which is faster here. Default `auto`. */
  precision?: Precision | "auto";
  /** How many requests are answered at once; default 32. */
  batchSize?: number;
  /** Told about the loading of the weights. */
  onProgress?: OnProgress;
}

/**
 * Loads a model and answers requests with it, many at once. A user's message goes through the model's chat
 * template where it has one.
 *
 * @throws InputError when there is no such model
 */
export async function embeddedGenerator(
  nameOrPath: string,
  { precision = "auto", batchSize, onProgress }: EmbeddedOptions = {},
): Promise<Generator> {
  const source = await openModel(nameOrPath);
  const { config, tokenizer, digest } = source;
  let ready: Promise<{ weights: Weights; sampler: Sampler }> | undefined;
  const load = async () => {
    const settled = precision === "auto" ? fasterPrecision() : precision;
    const weights = await loadFrozenWeights(source, settled, onProgress);
    return { weights, sampler: createSampler(config, weights, settled) };
  };

  const promptOf = ({ prompt, num_predict, num_ctx }: GenerationRequest, index: number) => {
    const ids = tokenizer.chatTemplate === undefined
      ? tokenizer.encode(prompt)
      : tokenizer.chatPrompt([{ role: "user", content: prompt }]);
    const room = Math.min(num_ctx, config.max_position_embeddings) - ids.length;
    return { index, ids, maxNewTokens: Math.min(num_predict, room) };
  };

  return {
    model: nameOrPath,
    modelDigest: digest,
    provider: "embedded",
    async generate(requests, { onText, onAnswer, signal } = {}) {
      const all = requests.map(promptOf);
      const answers: Answer[] = [];
      for (const { index, ids } of all.filter(({ maxNewTokens }) => maxNewTokens < 1)) {
        answers[index] = {
          text: "",
          doneReason: "prompt",
          promptTokens: ids.length,
          completionTokens: 0,
          milliseconds: 0,
        };
        await onAnswer?.(index, answers[index]);
      }
      const prompts = all.filter(({ maxNewTokens }) => maxNewTokens > 0);
      if (prompts.length === 0) return answers;
      // Weights are loaded with the first request: where every answer is stored already, they never are.
      const { sampler } = await (ready ??= load());
      const started = performance.now();
      const streams = prompts.map(() => onText && new TextStream(tokenizer));
      await sampler.sample(
        prompts.map(({ index, ids, maxNewTokens }) => {
          const request = requests[index];
          return {
            ids,
            maxNewTokens,
            temperature: request.temperature,
            topP: request.top_p,
            seed: request.seed,
            topK: request.top_k,
            minP: request.min_p,
            repetitionPenalty: request.repeat_penalty,
            isDone: request.stop && stopsAt(tokenizer, request.stop),
          };
        }),
        {
          eosId: tokenizer.eosId,
          batchSize,
          signal,
          onToken: (i, id) => {
            const text = streams[i]?.push(id);
            if (text) onText?.(prompts[i].index, text);
          },
          onDone: async (i, { ids, doneReason }) => {
            const rest = streams[i]?.end();
            const { index, ids: promptIds } = prompts[i];
            if (rest) onText?.(index, rest);
            answers[index] = {
              text: tokenizer.decode(ids),
              doneReason,
              promptTokens: promptIds.length,
              completionTokens: ids.length,
              milliseconds: performance.now() - started,
            };
            await onAnswer?.(index, answers[index]);
          },
        },
      );
      return answers;
    },
    async close() {
      source.close();
      const loaded = await ready?.catch(() => undefined);
      loaded?.sampler.dispose();
      if (loaded) tf.dispose(loaded.weights);
    },
  };
}

/** Token ids to text as they come; a character whose bytes are split over tokens waits until it is whole. */
class TextStream {
  private waiting: number[] = [];

  constructor(private readonly tokenizer: Tokenizer) {}

  push(id: number): string {
    this.waiting.push(id);
    const text = this.tokenizer.decode(this.waiting);
    if (text.endsWith("\uFFFD")) return "";
    this.waiting = [];
    return text;
  }

  end(): string {
    return this.tokenizer.decode(this.waiting);
  }
}
