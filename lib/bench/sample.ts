/**
 * `deno task bench sample`: how fast the embedded generator decodes, beside Ollama and transformers.
 *
 * @module
 */
import { join } from "node:path";
import { exportedModel } from "@/lib/bench/bench-model.ts";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { builtInPairs } from "@/lib/bench/pairs.ts";
import { ensureTrl, trlEnvironment } from "@/lib/bench/trl-side.ts";
import { listOllamaModels, ollamaGenerator, ollamaHost } from "@/lib/generation/ollama.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import { sample } from "@/lib/models/sampling.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import { frozenWeights, loadWeights } from "@/lib/models/weights.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** How many are decoded at once. */
export const BATCH_SIZES = [1, 8, 32] as const;
/** Tokens of each prompt, and tokens added to each. */
export const PROMPT_TOKENS = 128, NEW_TOKENS = 64;
/** Each batch size is decoded so often; the fastest counts. */
const ROUNDS = 2;

/** What is measured. */
export interface SampleOptions {
  precision: Precision | "auto";
  /** Whether to measure transformers, whose environment is installed where it is missing. */
  transformers: boolean;
  /** Name of an Ollama server's model; null: the first whose name holds "smollm2". */
  ollamaModel: string | null;
  signal: AbortSignal;
  onSetup: OnProgress;
  onProgress: OnProgress;
  onMeasured: (speed: SampleSpeed) => void;
  log: (line: string) => void;
}

/** Speed of one generator at one batch size. */
export interface SampleSpeed {
  generator: string;
  batch: number;
  /** Tokens added, over the whole call: prompts read, shapes traced, tokens decoded. */
  tokensPerSecond: number;
  /** The same over the second half of the tokens, where it can be told: decoding alone. */
  decodingTokensPerSecond?: number;
}

/**
 * Measures the generators one after the other.
 * @throws as {@link ensureTrl} and {@link measureProcess}, with `transformers`
 */
export async function benchSample(options: SampleOptions): Promise<SampleSpeed[]> {
  const { signal, onProgress, log } = options;
  const speeds: SampleSpeed[] = [];
  const generators = 1 + Number(options.transformers);
  const total = generators * BATCH_SIZES.length;
  const add = (speed: SampleSpeed) => {
    speeds.push(speed);
    options.onMeasured(speed);
    onProgress(Math.min(speeds.length, total), total, speed.generator);
  };
  onProgress(0, total, "loading the model");
  const source = await openModel("smollm2");
  try {
    const precision = options.precision === "auto" ? fasterPrecision() : options.precision;
    const prompts = await promptIds(source.tokenizer);
    await embedded(source, prompts, precision, signal, add);
    if (options.transformers) await transformers(prompts, precision, options, add);
    await ollama(prompts.map((ids) => source.tokenizer.decode(ids)), options, add);
  } finally {
    source.close();
  }
  if (!options.transformers) log("transformers was not measured; transformers=true measures it.");
  return speeds;
}

/** Prompts of one length: the benchmarks' code from different places. */
async function promptIds(tokenizer: Tokenizer): Promise<number[][]> {
  const { train } = await builtInPairs(tokenizer);
  const ids = tokenizer.encode(train.map(({ prompt, chosen }) => prompt + chosen).join("\n\n"));
  return Array.from(
    { length: Math.max(...BATCH_SIZES) },
    (_, i) => ids.slice(i * PROMPT_TOKENS, (i + 1) * PROMPT_TOKENS),
  );
}

async function embedded(
  source: ModelSource,
  prompts: number[][],
  precision: Precision,
  signal: AbortSignal,
  add: (speed: SampleSpeed) => void,
): Promise<void> {
  const loaded = await loadWeights(source);
  const weights = frozenWeights(loaded, precision);
  tf.dispose(loaded);
  for (const batch of BATCH_SIZES) {
    let whole = 0, decoding = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const times: number[] = [];
      const start = performance.now();
      await sample(
        source.config,
        weights,
        precision,
        prompts.slice(0, batch).map((ids, seed) => ({
          ids,
          maxNewTokens: NEW_TOKENS,
          temperature: 0,
          topP: 1,
          seed,
        })),
        {
          eosId: null,
          batchSize: batch,
          signal,
          onToken: () => times.push(performance.now()),
        },
      );
      const half = times.length >> 1, end = times.at(-1)!;
      whole = Math.max(whole, times.length / (end - start) * 1000);
      // Tokens of one step come together: counted are those that came after the half's own.
      const later = times.filter((time) => time > times[half] + 1).length;
      decoding = Math.max(decoding, later / (end - times[half]) * 1000);
    }
    add({
      generator: `codepref, ${precision}`,
      batch,
      tokensPerSecond: whole,
      decodingTokensPerSecond: decoding,
    });
  }
  tf.dispose(weights);
}

async function transformers(
  prompts: number[][],
  precision: Precision,
  { signal, onSetup }: SampleOptions,
  add: (speed: SampleSpeed) => void,
): Promise<void> {
  const python = await ensureTrl(onSetup, signal);
  const cache = join(PROJECT_ROOT, ".cache", "bench");
  await Deno.mkdir(cache, { recursive: true });
  const model = await exportedModel(cache);
  const folder = await Deno.makeTempDir({ dir: cache, prefix: "sample-" });
  const threads = navigator.hardwareConcurrency;
  try {
    const settings = join(folder, "settings.json");
    await writeFileWhole(
      settings,
      JSON.stringify({
        model,
        prompts,
        precision,
        threads,
        batches: BATCH_SIZES,
        new_tokens: NEW_TOKENS,
        rounds: ROUNDS,
      }),
    );
    await measureProcess(
      python,
      [join(import.meta.dirname!, "python", "transformers_generate.py"), settings],
      {
        env: trlEnvironment(folder, threads),
        signal,
        onLine: ({ value: { batch, seconds, tokens } }) =>
          add({
            generator: `transformers, ${precision}`,
            batch: Number(batch),
            tokensPerSecond: Number(tokens) / Number(seconds),
          }),
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function ollama(
  prompts: string[],
  { ollamaModel, signal, log }: SampleOptions,
  add: (speed: SampleSpeed) => void,
): Promise<void> {
  const models = await listOllamaModels();
  const model = ollamaModel ?? models?.find(({ name }) => name.includes("smollm2"))?.name;
  if (!models || !model) {
    log(
      models
        ? "The Ollama server has no model whose name holds smollm2; name one with ollama_model=."
        : `No Ollama server answers at ${ollamaHost()}; it was not measured.`,
    );
    return;
  }
  for (const batch of BATCH_SIZES) {
    const generator = await ollamaGenerator({ model, parallel: batch });
    const requests = prompts.slice(0, batch).map((prompt, seed) => ({
      prompt,
      seed,
      temperature: 0,
      top_p: 1,
      num_predict: NEW_TOKENS,
      num_ctx: 512,
    }));
    let best = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      const answers = await generator.generate(requests, { signal });
      const tokens = answers.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
      best = Math.max(best, tokens / (performance.now() - start) * 1000);
    }
    await generator.close();
    add({ generator: `Ollama, ${model}`, batch, tokensPerSecond: best });
  }
}
