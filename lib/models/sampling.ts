/**
 * Sampling from a model: many prompts at once, each with its own seed, finished ones making room for the next.
 *
 * @module
 */
import { unsafeUniformIntDistribution, xoroshiro128plus } from "pure-rand";
import { chooseToken, penalised, type TokenFilters } from "@/lib/models/choose-token.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { type Decoding, decodingOf, type NextTokens, type Wanted } from "@/lib/models/decoding.ts";
import { KvCache } from "@/lib/models/kv-cache.ts";
import type { Precision } from "@/lib/models/precision.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/** One prompt to go on from. */
export interface SampleRequest extends TokenFilters {
  ids: number[];
  /** Most tokens to add. */
  maxNewTokens: number;
  /** 0 takes the most probable token always. */
  temperature: number;
  /** More than 1 makes tokens of the prompt and of the sample less probable; 1, the default, does nothing. */
  repetitionPenalty?: number;
  seed: number;
  /** Ends the sample early; asked after each token with all that were added. */
  isDone?: (ids: number[]) => boolean;
}

/** What was added to a prompt; a closing EOS is not part of it. */
export interface Sample {
  ids: number[];
  doneReason: "stop" | "length";
}

export interface SampleOptions {
  /** Token that ends a sample; null goes on to `maxNewTokens` whatever comes. */
  eosId: number | null;
  /** How many prompts are decoded at once; default 32: reading the weights costs the same for all. */
  batchSize?: number;
  onToken?: (request: number, id: number) => void;
  onDone?: (request: number, sample: Sample) => Promise<void> | void;
  signal?: AbortSignal;
}

/** Lengths are rounded up to these, so that few shapes are traced. */
const SLOT_MULTIPLE = 64, PROMPT_MULTIPLE = 64, PROMPTS_AT_ONCE = 8;
const roundUp = (n: number, multiple: number) => Math.ceil(n / multiple) * multiple;

/** Numbers in [0, 1) from a seed. */
function uniform(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => unsafeUniformIntDistribution(0, 2 ** 31 - 1, generator) / 2 ** 31;
}

interface Row {
  request: number;
  ids: number[];
  length: number;
  random: () => number;
  /** Every token so far, where there is a penalty on repeating it. */
  seen: Set<number> | null;
}

/** A model's sampling, which keeps what it traced for the next call. */
export interface Sampler {
  /**
   * Samples all requests, in their order. What a request gives does not depend on the others, up to the rounding
   * of sums of other shapes.
   *
   * @throws DOMException `AbortError` when `signal` is aborted
   */
  sample(requests: SampleRequest[], options: SampleOptions): Promise<Sample[]>;
  dispose(): void;
}

/**
 * Makes the sampling of a model. Nothing is traced before the first call.
 *
 * @param weights as `frozenWeights` gives them; they stay the caller's, and may not change
 */
export function createSampler(
  config: DecoderConfig,
  weights: Weights,
  precision: Precision,
): Sampler {
  const decoding = decodingOf(config, precision);
  return {
    sample: (requests, options) =>
      sampleAll({ config, precision, decoding, weights }, requests, options),
    dispose: () => decoding.dispose(),
  };
}

/** Samples once, as {@link Sampler.sample}; what was traced for it is dropped. */
export async function sample(
  config: DecoderConfig,
  weights: Weights,
  precision: Precision,
  requests: SampleRequest[],
  options: SampleOptions,
): Promise<Sample[]> {
  const sampler = createSampler(config, weights, precision);
  try {
    return await sampler.sample(requests, options);
  } finally {
    sampler.dispose();
  }
}

/** What is sampled from. */
interface Sampled {
  config: DecoderConfig;
  precision: Precision;
  decoding: Decoding;
  weights: Weights;
}

async function sampleAll(
  { config, precision, decoding, weights }: Sampled,
  requests: SampleRequest[],
  options: SampleOptions,
): Promise<Sample[]> {
  if (requests.length === 0) return [];
  const { eosId, batchSize = 32, onToken, onDone, signal } = options;
  const slots = roundUp(
    Math.max(...requests.map((r) => r.ids.length + r.maxNewTokens)),
    SLOT_MULTIPLE,
  );
  const cache = new KvCache(
    config,
    weights,
    decoding,
    precision,
    Math.min(batchSize, requests.length),
    slots,
  );
  const wanted = wantedBy(requests);
  const samples: Sample[] = [];
  const rows: (Row | undefined)[] = Array(cache.rows).fill(undefined);
  // Prompts of similar length are read together: shorter ones are padded to the longest.
  const waiting = requests.map((_, i) => i).sort((a, b) =>
    requests[b].ids.length - requests[a].ids.length
  );

  /** Takes the next token of a row; frees the row when its sample is complete. */
  const accept = async (at: number, id: number) => {
    const row = rows[at]!, { maxNewTokens, isDone } = requests[row.request];
    const ended = id === eosId;
    if (!ended) {
      row.ids.push(id);
      row.seen?.add(id);
      onToken?.(row.request, id);
    }
    const stopped = ended || (isDone?.(row.ids) ?? false);
    if (stopped || row.ids.length >= maxNewTokens) {
      const done: Sample = { ids: row.ids, doneReason: stopped ? "stop" : "length" };
      samples[row.request] = done;
      rows[at] = undefined;
      await onDone?.(row.request, done);
    }
  };

  try {
    while (waiting.length > 0 || rows.some((row) => row)) {
      signal?.throwIfAborted();
      const free = [...rows.keys()].filter((at) => !rows[at]);
      // Prompts are read a few at a time: reading one costs almost as much as reading several.
      if (
        waiting.length > 0 && (free.length >= Math.min(PROMPTS_AT_ONCE, waiting.length, cache.rows))
      ) {
        const taken = waiting.splice(0, Math.min(free.length, PROMPTS_AT_ONCE));
        taken.forEach((request, i) => {
          const { ids, seed } = requests[request];
          const seen = isPenalised(requests[request]) ? new Set(ids) : null;
          rows[free[i]] = { request, ids: [], length: ids.length, random: uniform(seed), seen };
        });
        await readPrompts(cache, wanted, requests, taken, free, rows, accept);
        continue;
      }
      const next = await cache.next(
        rows.map((row) => row?.ids.at(-1) ?? 0),
        rows.map((row) => row?.length ?? 0),
        rows.map((row) => temperatureOf(row && requests[row.request])),
        wanted,
      );
      rows.forEach((row) => row && row.length++);
      await takeTokens(next, requests, rows, [...rows.keys()], accept);
    }
    return samples;
  } finally {
    cache.dispose();
  }
}

async function readPrompts(
  cache: KvCache,
  wanted: Wanted,
  requests: SampleRequest[],
  taken: number[],
  free: number[],
  rows: (Row | undefined)[],
  accept: (at: number, id: number) => Promise<void>,
): Promise<void> {
  const prompts = taken.map((request) => requests[request].ids);
  const padded = Math.min(
    roundUp(Math.max(...prompts.map((p) => p.length)), PROMPT_MULTIPLE),
    cache.slots,
  );
  const next = await cache.read(
    prompts,
    free.slice(0, taken.length),
    padded,
    taken.map((request) => temperatureOf(requests[request])),
    wanted,
  );
  await takeTokens(next, requests, rows, free.slice(0, taken.length), accept);
}

/** The divisor of the logits; greedy requests do not use the probabilities. */
const temperatureOf = (request: SampleRequest | undefined) => request?.temperature || 1;

/**
 * What tokens are chosen by: drawn ones by probabilities, penalised ones by logits. The same for all steps of a call:
 * another choice would be traced anew.
 */
const wantedBy = (requests: SampleRequest[]): Wanted => ({
  probabilities: requests.some((r) => r.temperature > 0 && !isPenalised(r)),
  logits: requests.some(isPenalised),
});
const isPenalised = ({ repetitionPenalty = 1 }: SampleRequest) => repetitionPenalty !== 1;

/** Chooses a token for each row of `at`, which are the rows that `next` speaks of, in order. */
async function takeTokens(
  next: NextTokens,
  requests: SampleRequest[],
  rows: (Row | undefined)[],
  at: number[],
  accept: (at: number, id: number) => Promise<void>,
): Promise<void> {
  const best = next.best.dataSync(), V = (next.probabilities ?? next.logits)?.shape[1] ?? 0;
  const probabilities = next.probabilities?.dataSync() as Float32Array | undefined;
  const logits = next.logits?.dataSync() as Float32Array | undefined;
  tf.dispose([next.best, next.probabilities, next.logits].filter((tensor) => tensor !== null));
  for (const [i, row] of at.map((row) => rows[row]).entries()) {
    if (!row) continue;
    const { temperature, repetitionPenalty = 1, ...filters } = requests[row.request];
    const of = (values: Float32Array) => values.subarray(i * V, (i + 1) * V);
    const these = row.seen
      ? penalised(of(logits!), row.seen, repetitionPenalty, temperature)
      : temperature > 0
      ? of(probabilities!)
      : null;
    const id = temperature > 0
      ? chooseToken(these!, filters, row.random())
      : these
      ? chooseToken(these, { topK: 1 }, 0)
      : best[i];
    await accept(at[i], id);
  }
}
