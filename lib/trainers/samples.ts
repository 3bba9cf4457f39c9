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
import {
  freezeAsTheyCome,
  frozenWeights,
  loadFrozenWeights,
  type Weights,
} from "@/lib/models/weights.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";
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
  /** Whether the reference as it is now has been asked. */
  private referenceAsked = false;

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

  /**
   * Where several processes share the weights, each has to call it; the first one samples, the others get no lines.
   * @throws DOMException `AbortError` when `signal` is aborted
   */
  async take(
    { weights, adapted, reference }: Trained,
    parallelism: Parallelism,
    at: { examples: number; updates: number },
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<SampleLine[]> {
    const asksReference = reference !== null && !this.referenceAsked;
    this.referenceAsked = true;
    let done = 0;
    const total = (asksReference ? 2 : 1) * this.prompts.length;
    /** What a model writes; null where another process samples, and after the signal. */
    const written = async (model: Weights | null) => {
      if (!model || signal.aborted) return null;
      try {
        return await this.sample(model, signal, () => onProgress(++done, total));
      } catch (error) {
        if (!signal.aborted) throw error;
        return null;
      }
    };
    const policy = parallelism.divided
      ? await this.wholeModel(weights, parallelism)
      : parallelism.rank === 0
      ? await this.frozenPolicy(weights, adapted ?? null)
      : null;
    const answers = await written(policy);
    tf.dispose(policy ?? []);
    if (asksReference) {
      const divided = parallelism.divided || parallelism.base !== undefined;
      const model = parallelism.base
        ? await this.unadapted(parallelism)
        : divided
        ? await this.wholeModel(reference, parallelism)
        : reference;
      this.reference = await written(model);
      if (divided) tf.dispose(model ?? []);
    }
    if (parallelism.rank > 0) return [];
    signal.throwIfAborted();
    return this.prompts.map((ids, i) => ({
      ...at,
      prompt: this.source.tokenizer.decode(ids),
      policy: answers![i],
      reference: this.reference?.[i] ?? null,
    }));
  }

  /** The reference has become another. */
  forgetReference(): void {
    this.reference = null;
    this.referenceAsked = false;
  }

  /** The policy as decoding takes it: a copy, with adapters merged in. */
  private async frozenPolicy(
    weights: Weights,
    adapted: Trained["adapted"] | null,
  ): Promise<Weights> {
    if (!adapted) return frozenWeights(weights, this.precision);
    const { source } = this;
    const merged = mergedWeights(source, weights, adapted.settings);
    return await freezeAsTheyCome(source.tensorNames, merged, this.precision);
  }

  /** What adapters are on, from its file: no process has all of it. Null in those that do not sample. */
  private async unadapted({ rank }: Parallelism): Promise<Weights | null> {
    return rank === 0 ? await loadFrozenWeights(this.source, this.precision) : null;
  }

  /** The model that the processes share, in the first one; null in the others. */
  private async wholeModel(kept: Weights, parallelism: Parallelism): Promise<Weights | null> {
    const tensors = parallelism.whole(Object.keys(kept), (name) => kept[name].clone());
    if (parallelism.rank === 0) {
      return await freezeAsTheyCome(this.source.tensorNames, tensors, this.precision);
    }
    // Each tensor is put together by all.
    for await (const _ of tensors);
    return null;
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
