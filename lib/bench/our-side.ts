/**
 * `deno task train` under measurement.
 *
 * @module
 */
import { join } from "node:path";
import { TRAINING } from "@/lib/bench/configurations.ts";
import { type MeasuredLine, measureProcess } from "@/lib/bench/measured-process.ts";
import { MAX_LENGTH } from "@/lib/bench/pairs.ts";
import { type SideRun, sideRun, type TrainingRequest } from "@/lib/bench/training-side.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** Longest prompt beside a response, where a pair is too long; the benchmarks' pairs never are. */
const MAX_PROMPT_LENGTH = 256;

/** Settings of our trainer for a request, as its command line takes them. */
export function ourSettings(request: TrainingRequest): string[] {
  const { loss, precision, precomputeReference, activationCheckpointing, lora } =
    request.configuration;
  const { evalData } = request;
  return [
    "exp_name=bench",
    `seed=${request.seed ?? 0}`,
    `model=${request.model}`,
    `datasets=["${request.data}"]`,
    `loss=${loss}`,
    ...loss === "dpo" ? [`loss.beta=${TRAINING.beta}`] : [],
    `precision=${precision}`,
    // Kept by this round alone: each computes the reference anew.
    ...precomputeReference
      ? ["precompute_reference=true", `reference_cache=${join(request.out, "reference")}`]
      : [],
    ...activationCheckpointing ? ["activation_checkpointing=true"] : [],
    ...lora
      ? [
        `lora.r=${lora.r}`,
        `lora.alpha=${lora.alpha}`,
        `lora.dropout=${lora.dropout}`,
        `lora.targets=[${lora.targets}]`,
      ]
      : [],
    "optimizer=AdamW",
    `lr=${TRAINING.lr}`,
    "warmup_steps=0",
    `max_grad_norm=${TRAINING.maxGradNorm}`,
    `batch_size=${TRAINING.batchSize}`,
    `eval_batch_size=${TRAINING.evalBatchSize}`,
    `n_examples=${request.examples}`,
    `max_length=${MAX_LENGTH}`,
    `max_prompt_length=${MAX_PROMPT_LENGTH}`,
    ...evalData === null ? ["test_fraction=0", "do_first_eval=false", "n_eval_examples=0"] : [],
    "sample_during_eval=false",
    "minimum_log_interval_secs=0",
    `debug=${!request.save}`,
    `local_run_dir=${join(request.out, "run")}`,
    // Measured runs are not among those of the database.
    `db=${join(request.out, "no-database.duckdb")}`,
    "json=true",
  ];
}

/**
 * Runs our trainer in a process of its own.
 * @throws {OperationError} it failed; holds its last lines
 */
export async function trainOurs(request: TrainingRequest): Promise<SideRun> {
  const isStep = ({ value }: MeasuredLine) => "tokens_per_second" in value;
  let updates = 0;
  const measured = await measureProcess(Deno.execPath(), [
    ...["run", "--allow-all", join(PROJECT_ROOT, "lib", "cli", "train.ts")],
    ...ourSettings(request),
  ], {
    signal: request.signal,
    onLine: (line) => isStep(line) && request.onStep(),
    isLast: (line) => isStep(line) && ++updates === request.updates,
  });
  const reference = measured.lines.find(({ value }) => "reference_seconds" in value)?.value;
  const run = sideRun(measured, measured.lines.filter(isStep), ({ value }, before) => {
    const seconds = TRAINING.batchSize / Number(value.examples_per_second);
    return {
      seconds,
      tokens: Math.round(Number(value.tokens_per_second) * seconds),
      loss: Number(value["loss/train"]),
      traced: value["counters/traces"] !== before?.value["counters/traces"],
    };
  });
  return {
    ...run,
    precomputeSeconds: reference &&
      Number(reference.reference_seconds) / Number(reference.reference_pairs),
  };
}
