/**
 * TRL's trainers under measurement, in an environment of their own.
 *
 * @module
 */
import { join } from "node:path";
import { TRAINING } from "@/lib/bench/configurations.ts";
import { type MeasuredLine, measureProcess } from "@/lib/bench/measured-process.ts";
import { MAX_LENGTH } from "@/lib/bench/pairs.ts";
import { type SideRun, sideRun, type TrainingRequest } from "@/lib/bench/training-side.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { ensureEnvironment } from "@/lib/setup/environment.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/**
 * Makes the environment with TRL and PyTorch, several GB, unless it is there.
 * @returns its Python
 */
export const ensureTrl = (onProgress: OnProgress, signal: AbortSignal): Promise<string> =>
  ensureEnvironment(join(PROJECT_ROOT, ".venv-trl"), "bench", onProgress, signal);

/** What is kept from the network and from the person's own caches. */
export const trlEnvironment = (folder: string, threads: number): Record<string, string> => ({
  HF_HOME: join(folder, "hf"),
  HF_HUB_OFFLINE: "1",
  HF_DATASETS_OFFLINE: "1",
  TOKENIZERS_PARALLELISM: "false",
  OMP_NUM_THREADS: String(threads),
  PYTHONUNBUFFERED: "1",
});

/**
 * Runs TRL's trainer in a process of its own.
 * @param python the environment's, see {@link ensureTrl}
 * @throws {OperationError} it failed; holds its last lines
 */
export async function trainTrl(python: string, request: TrainingRequest): Promise<SideRun> {
  const { configuration, threads, out } = request;
  const settings = join(out, "settings.json");
  await writeFileWhole(
    settings,
    JSON.stringify({
      loss: configuration.loss,
      bf16: configuration.precision === "bf16",
      precompute_reference: configuration.precomputeReference,
      lora: configuration.lora,
      model: request.model,
      data: request.data,
      eval_data: request.evalData,
      out: join(out, "run"),
      save: request.save,
      threads,
      beta: TRAINING.beta,
      lr: TRAINING.lr,
      max_grad_norm: TRAINING.maxGradNorm,
      batch_size: TRAINING.batchSize,
      eval_batch_size: TRAINING.evalBatchSize,
      max_length: MAX_LENGTH,
    }),
  );
  const isStep = ({ value }: MeasuredLine) => value.event === "step";
  const measured = await measureProcess(
    python,
    [join(import.meta.dirname!, "python", "trl_train.py"), settings],
    {
      env: trlEnvironment(out, threads),
      signal: request.signal,
      onLine: (line) => isStep(line) && request.onStep(),
    },
  );
  const run = sideRun(measured, measured.lines.filter(isStep), ({ value }) => ({
    seconds: Number(value.seconds),
    tokens: Number(value.tokens),
    loss: Number(value.loss),
    traced: false,
  }));
  const precomputed = run.told.find(({ event }) => event === "precomputed");
  return {
    ...run,
    precomputeSeconds: precomputed && Number(precomputed.seconds) / Number(precomputed.pairs),
  };
}
