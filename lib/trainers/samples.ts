/**
 * What policy and reference write to held-out prompts, for people to read.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { mergedWeights } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { sample } from "@/lib/models/sampling.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { frozenWeights, type Weights } from "@/lib/models/weights.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { Trained } from "@/lib/trainers/update.ts";

/** One line of samples.jsonl. */
export interface SampleLine {
  examples: number;
  updates: number;
  prompt: string;
  policy: string;
  /** Null without a reference, and where only its log-probs are known. */
  reference: string | null;
}

/**
 * Samples at temperature 1 up to `max_length`, as the reference does. A prompt has the same random numbers at every
 * evaluation, so that what changes is the model's doing.
 */
export class HeldOutSamples {
  private readonly prompts: number[][];
  private reference: string[] | null = null;

  constructor(
    private readonly source: ModelSource,
    held: readonly TokenizedPair[],
    private readonly settings: TrainSettings,
    private readonly precision: Precision,
  ) {
    const prompts = new Map(held.map(({ chosen: { ids, start } }) => {
      const prompt = Array.from(ids).slice(0, start);
      return [prompt.join(), prompt];
    }));
    this.prompts = [...prompts.values()].slice(0, settings.nEvalModelSamples);
  }

  /** @throws DOMException `AbortError` when `signal` is aborted */
  async take(
    { weights, adapted, reference }: Trained,
    at: { examples: number; updates: number },
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<SampleLine[]> {
    const asked = reference && !this.reference ? 2 : 1, count = this.prompts.length;
    let done = 0;
    const next = () => onProgress(++done, asked * count);
    const policy = await this.frozenPolicy(weights, adapted ?? null);
    try {
      const written = await this.sample(policy, signal, next);
      if (reference) this.reference ??= await this.sample(reference, signal, next);
      return this.prompts.map((ids, i) => ({
        ...at,
        prompt: this.source.tokenizer.decode(ids),
        policy: written[i],
        reference: this.reference?.[i] ?? null,
      }));
    } finally {
      tf.dispose(policy);
    }
  }

  /** The reference has become another. */
  forgetReference(): void {
    this.reference = null;
  }

  /** The policy as decoding takes it: a copy, with adapters merged in. */
  private async frozenPolicy(
    weights: Weights,
    adapted: Trained["adapted"] | null,
  ): Promise<Weights> {
    if (!adapted) return frozenWeights(weights, this.precision);
    const merged: Weights = {};
    for await (
      const { name, shape, data } of mergedWeights(this.source, weights, adapted.settings)
    ) {
      merged[name] = tf.tensor(data, shape, "float32");
    }
    const frozen = frozenWeights(merged, this.precision);
    tf.dispose(merged);
    return frozen;
  }

  private async sample(
    weights: Weights,
    signal: AbortSignal,
    onDone: () => void,
  ): Promise<string[]> {
    const { source: { config, tokenizer }, settings } = this;
    const requests = this.prompts.map((ids, i) => ({
      ids,
      maxNewTokens: Math.max(1, settings.maxLength - ids.length),
      temperature: 1,
      topP: 1,
      seed: createHash("sha256").update(`${settings.seed}/${i}`).digest().readInt32LE(0),
    }));
    const options = { eosId: tokenizer.eosId, signal, onDone };
    const samples = await sample(config, weights, this.precision, requests, options);
    return samples.map(({ ids }) => tokenizer.decode(ids));
  }
}
