/**
 * `deno task bench sample`: how fast the embedded generator decodes, beside llama.cpp, transformers and Ollama.
 *
 * @module
 */
import { benchCache } from "@/lib/bench/cache.ts";
import {
  type Call,
  type Contender,
  embedded,
  llamaCpp,
  ollama,
  type Race,
  transformers,
} from "@/lib/bench/contenders.ts";
import { builtInPairs } from "@/lib/bench/pairs.ts";
import { InputError } from "@/lib/errors.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import { openModel } from "@/lib/models/source.ts";
import type { Tokenizer } from "@/lib/models/tokenizer.ts";
import type { OnProgress } from "@/lib/progress.ts";

/** How many are decoded at once. */
export const BATCH_SIZES = [1, 8, 32] as const;
/** Tokens of each prompt, and tokens added to each. */
export const PROMPT_TOKENS = 128, NEW_TOKENS = 128;

/** What is measured. */
export interface SampleOptions {
  /** Calls of each contender with each number of sequences, in turn. */
  rounds: number;
  precision: Precision | "auto";
  /** Whether to measure transformers, whose environment is installed where it is missing. */
  transformers: boolean;
  /** Name of an Ollama server's model; null: the first whose name holds "smollm2". */
  ollamaModel: string | null;
  signal: AbortSignal;
  onSetup: OnProgress;
  onProgress: OnProgress;
  onMeasured: (call: SampleCall) => void;
  log: (line: string) => void;
}

/** A call of one contender in one round. */
export interface SampleCall extends Call {
  generator: string;
  round: number;
}

/** All that was measured. */
export interface SampleResult {
  calls: SampleCall[];
  /** What tracing adds to our first call, in seconds. */
  firstCallSeconds: number;
}

/**
 * Measures the contenders in turn, round by round; who is not there is told and left out.
 * @throws {OperationError} what installs or runs one of them failed
 */
export async function benchSample(options: SampleOptions): Promise<SampleResult> {
  const { signal, onProgress, onSetup, log, rounds } = options;
  const calls: SampleCall[] = [];
  const source = await openModel("smollm2");
  const folder = await Deno.makeTempDir({ dir: await benchCache(), prefix: "sample-" });
  const contenders: Contender[] = [];
  try {
    const race: Race = {
      source,
      prompts: await promptIds(source.tokenizer),
      newTokens: NEW_TOKENS,
      batches: BATCH_SIZES,
      precision: options.precision === "auto" ? fasterPrecision() : options.precision,
      threads: navigator.hardwareConcurrency,
      folder,
      signal,
    };
    const ours = await embedded(race);
    contenders.push(ours);
    const others = [
      () => llamaCpp(race, onSetup),
      ...(options.transformers ? [() => transformers(race, onSetup)] : []),
      () => ollama(race, options.ollamaModel),
    ];
    for (const open of others) {
      try {
        contenders.push(await open());
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        log(`Not measured: ${error.message}`);
      }
    }
    if (!options.transformers) log("Not measured: transformers; transformers=true measures it.");
    const total = contenders.length * BATCH_SIZES.length * rounds;
    onProgress(0, total);
    for (let round = 0; round < rounds; round++) {
      // Every second round the other way round: what drifts does not favour anyone.
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        await contender.round((call) => {
          const told = { ...call, generator: contender.name, round };
          calls.push(told);
          options.onMeasured(told);
          onProgress(calls.length, total, contender.name);
        });
      }
    }
    return { calls, firstCallSeconds: ours.firstCallSeconds() };
  } finally {
    for (const contender of contenders) await contender.close();
    source.close();
    await Deno.remove(folder, { recursive: true });
  }
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
