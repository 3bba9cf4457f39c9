/**
 * The training of the quickstart: SFT on the chosen answers, then DPO from SFT's checkpoint.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Published } from "@/lib/publish/publish-folder.ts";
import type { Context } from "@/lib/quickstart/context.ts";
import type { Settings } from "@/lib/quickstart/task-process.ts";
import { runTraining } from "@/lib/quickstart/train-process.ts";

/** Rates at which the curves move within the few updates that a demonstration has time for. */
const BOTH: Settings = {
  prompt_format: "chat",
  eval_batch_size: 2,
  max_length: 768,
  max_prompt_length: 512,
  max_truncated_fraction: 0.05,
  save_every: 32,
  sample_during_eval: false,
  optimizer: "RMSprop",
  warmup_steps: 3,
};
const SFT: Settings = { loss: "sft", lr: 1e-5 };
/** Four updates at the default batch size: the form of an answer is learnt in them. */
const SFT_EXAMPLES = 32;
const DPO: Settings = { loss: "dpo", "loss.beta": 0.1, lr: 5e-6 };
/** At most so many pairs, once each. */
const DPO_EXAMPLES = 64;

/** Trains, or goes on with, the supervised run. The folder's name changes with data and settings. */
export async function trainSft(context: Context, dataset: Published): Promise<string> {
  const settings = {
    ...common(context, dataset),
    ...SFT,
    gradient_accumulation_steps: partsOf(context, 4),
    n_examples: Math.min(SFT_EXAMPLES, dataset.train),
  };
  const folder = runFolder(context, "sft", settings, dataset);
  await run(context, { ...settings, exp_name: "quickstart-sft" }, folder);
  return folder;
}

/** Trains, or goes on with, the preference run from the checkpoint of `sft`. */
export async function trainDpo(context: Context, dataset: Published, sft: string): Promise<string> {
  const settings = {
    ...common(context, dataset),
    ...DPO,
    gradient_accumulation_steps: partsOf(context, 2),
    n_examples: Math.min(DPO_EXAMPLES, dataset.train),
    "model.archive": join(sft, "LATEST", "policy"),
  };
  const folder = runFolder(context, "dpo", settings, dataset);
  await run(context, { ...settings, exp_name: "quickstart-dpo" }, folder);
  return folder;
}

function common({ options }: Context, dataset: Published): Settings {
  const { batchSize } = options;
  return {
    ...BOTH,
    batch_size: batchSize,
    model: options.model,
    db: options.db,
    datasets: [dataset.path],
    seed: options.seed,
  };
}

/** How many parts a batch is computed in, so that memory stays below 8 GiB. */
function partsOf({ options: { batchSize } }: Context, examplesAtOnce: number): number {
  return batchSize % examplesAtOnce === 0 ? batchSize / examplesAtOnce : batchSize;
}

function runFolder(
  { options }: Context,
  name: string,
  settings: Settings,
  dataset: Published,
): string {
  const key = createHash("sha256").update(JSON.stringify([dataset.digest, settings])).digest("hex")
    .slice(0, 8);
  return join(options.out, `${name}-${key}`);
}

async function run(context: Context, settings: Settings, folder: string): Promise<void> {
  await runTraining(settings, folder, {
    signal: context.signal,
    onWait: context.progress("waiting"),
  });
}
