/**
 * What `deno task bench sample` measures beside each other: the embedded generator, llama.cpp, transformers, Ollama.
 *
 * @module
 */
import { join } from "node:path";
import { benchCache } from "@/lib/bench/cache.ts";
import { ensureLlamaCpp } from "@/lib/bench/llama-cpp.ts";
import { exportedModel } from "@/lib/bench/bench-model.ts";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { ensureTrl, trlEnvironment } from "@/lib/bench/trl-side.ts";
import { listOllamaModels, ollamaGenerator, ollamaHost } from "@/lib/generation/ollama.ts";
import { InputError } from "@/lib/errors.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { createSampler } from "@/lib/models/sampling.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import { loadFrozenWeights } from "@/lib/models/weights.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** What every contender goes on from, and how far. */
export interface Race {
  source: ModelSource;
  /** Token ids, all of one length. */
  prompts: number[][];
  newTokens: number;
  /** How many sequences at once, one after the other. */
  batches: readonly number[];
  precision: Precision;
  threads: number;
  /** For this run's files. */
  folder: string;
  signal: AbortSignal;
}

/** One call: prompts read, tokens added. */
export interface Call {
  batch: number;
  tokens: number;
  seconds: number;
}

/** Someone who decodes. */
export interface Contender {
  name: string;
  /** One call for each number of sequences, what warms up left out. */
  round(onCall: (call: Call) => void): Promise<void>;
  close(): Promise<void>;
}

/** Ours, which can tell what its first calls cost beyond later ones, in seconds. */
export interface EmbeddedContender extends Contender {
  firstCallSeconds(): number;
}

/** The embedded generator, in this process. */
export async function embedded(race: Race): Promise<EmbeddedContender> {
  const { source, prompts, newTokens, batches, precision, signal } = race;
  const weights = await loadFrozenWeights(source, precision);
  const sampler = createSampler(source.config, weights, precision);
  const generate = async (batch: number) => {
    const requests = prompts.slice(0, batch).map((ids, seed) => ({
      ids,
      maxNewTokens: newTokens,
      temperature: 0,
      seed,
    }));
    const start = performance.now();
    const samples = await sampler.sample(requests, {
      eosId: null,
      batchSize: batch,
      signal,
    });
    const tokens = samples.reduce((sum, { ids }) => sum + ids.length, 0);
    return { batch, tokens, seconds: (performance.now() - start) / 1000 };
  };
  const traced = new Map<number, number>();
  let extra = 0;
  return {
    name: `codepref, ${precision}`,
    async round(onCall) {
      for (const batch of batches) {
        if (!traced.has(batch)) traced.set(batch, (await generate(batch)).seconds);
        const call = await generate(batch);
        extra = Math.max(extra, traced.get(batch)! - call.seconds);
        onCall(call);
      }
    },
    firstCallSeconds: () => extra,
    close() {
      sampler.dispose();
      tf.dispose(weights);
      return Promise.resolve();
    },
  };
}

/**
 * llama.cpp by node-llama-cpp's binary for CPUs, on the same file.
 * @throws {InputError} there is no npm
 */
export async function llamaCpp(race: Race, onSetup: OnProgress): Promise<Contender> {
  const { node, folder } = await ensureLlamaCpp(onSetup, race.signal);
  return await programme(race, {
    name: "llama.cpp",
    model: race.source.path,
    command: node,
    args: [join(import.meta.dirname!, "javascript", "llama_generate.mjs")],
    cwd: folder,
    env: {},
  });
}

/** transformers' `generate`, on the weights in fp32 or bf16. */
export async function transformers(race: Race, onSetup: OnProgress): Promise<Contender> {
  const python = await ensureTrl(onSetup, race.signal);
  const { precision } = race;
  return await programme(race, {
    name: `transformers, ${precision}`,
    model: await exportedModel(await benchCache()),
    precision,
    command: python,
    args: [join(import.meta.dirname!, "python", "transformers_generate.py")],
    env: trlEnvironment(race.folder, race.threads),
  });
}

/** A programme of its own that tells a line for each call. */
async function programme(
  race: Race,
  { name, model, precision, command, args, cwd, env }: {
    name: string;
    model: string;
    precision?: Precision;
    command: string;
    args: string[];
    cwd?: string;
    env: Record<string, string>;
  },
): Promise<Contender> {
  const { folder, prompts, threads, batches, newTokens, signal } = race;
  const settings = join(folder, `${name.replaceAll(/\W+/g, "-")}.json`);
  await writeFileWhole(
    settings,
    JSON.stringify({ model, prompts, precision, threads, batches, new_tokens: newTokens }),
  );
  return {
    name,
    async round(onCall) {
      await measureProcess(command, [...args, settings], {
        cwd,
        env,
        signal,
        onLine: ({ value: { batch, tokens, seconds } }) =>
          onCall({ batch: Number(batch), tokens: Number(tokens), seconds: Number(seconds) }),
      });
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A model of the Ollama server that answers.
 *
 * @param wanted its name; null: the first whose name holds "smollm2"
 * @throws {InputError} no server answers, or it has no such model
 */
export async function ollama(race: Race, wanted: string | null): Promise<Contender> {
  const { source, prompts, newTokens, batches, signal } = race;
  const models = await listOllamaModels();
  if (!models) throw new InputError(`No Ollama server answers at ${ollamaHost()}.`);
  const model = wanted ?? models.find(({ name }) => name.includes("smollm2"))?.name;
  if (!model) {
    throw new InputError(
      "The Ollama server has no model whose name holds smollm2; name one with ollama_model=.",
    );
  }
  const generate = async (batch: number, num_predict: number) => {
    const generator = await ollamaGenerator({ model, parallel: batch });
    const start = performance.now();
    const answers = await generator.generate(
      prompts.slice(0, batch).map((ids, seed) => ({
        prompt: source.tokenizer.decode(ids),
        seed,
        temperature: 0,
        top_p: 1,
        num_predict,
        num_ctx: 512,
      })),
      { signal },
    );
    const seconds = (performance.now() - start) / 1000;
    await generator.close();
    return { batch, tokens: answers.reduce((sum, a) => sum + a.completionTokens, 0), seconds };
  };
  return {
    name: `Ollama, ${model}`,
    async round(onCall) {
      for (const batch of batches) {
        await generate(batch, 2);
        onCall(await generate(batch, newTokens));
      }
    },
    close: () => Promise.resolve(),
  };
}
