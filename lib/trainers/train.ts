/**
 * A training run from its settings: opens model and data, checks them, says what it sees, and trains.
 *
 * @module
 */
import { batches, type FlatExample } from "@/lib/datasets/batches.ts";
import { describeData, descriptionLines } from "@/lib/datasets/describe.ts";
import { type DatasetSource, loadExamples } from "@/lib/datasets/registry.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import { lossTitle, needsReference, needsWholeBatch } from "@/lib/losses/mod.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { BasicTrainer, engineVersions, type TrainHooks } from "@/lib/trainers/basic.ts";
import { readState, type TrainerState } from "@/lib/trainers/checkpoint.ts";
import { checkRunFits } from "@/lib/trainers/disk-space.ts";
import { namedSettings, openRunFolder, writeConfig } from "@/lib/trainers/run-folder.ts";
import {
  batchOptions,
  chooseLayout,
  settingsHash,
  totalExamples,
  type TrainSettings,
} from "@/lib/trainers/settings.ts";
import { computeDevices, useThreads } from "@/lib/trainers/threads.ts";

/** How a run ended. */
export interface TrainResult extends TrainerState {
  folder: string;
  /** The newest checkpoint's policy. */
  policy: string | null;
}

/**
 * Trains, or goes on with an interrupted run.
 *
 * @throws InputError for data, models or settings that cannot be trained with
 */
export async function train(settings: TrainSettings, hooks: TrainHooks): Promise<TrainResult> {
  checkBatches(settings);
  const data = {
    db: settings.db,
    testFraction: settings.testFraction,
  };
  const training = await loadExamples(settings.datasets, "train", data);
  const heldOut = await loadExamples(settings.datasets, "test", data);
  const source = await openModel(settings.archive ?? settings.model);
  try {
    checkLengthFits(settings, source);
    checkArchitecture(settings, source);
    reportData(settings, source, training.examples, heldOut.examples, hooks.log);
    // Refuses data that no batch can be drawn from before a run folder is made.
    batches(training.examples, source.tokenizer, batchOptions(settings));
    const held = await tokenizeHeldOut(settings, source, heldOut.examples);
    checkRunFits(settings, source.config, held.length > 0);
    const run = openRunFolder(settings);
    try {
      const recorded = run.checkpoint ? readState(run.checkpoint).threads : null;
      const threads = useThreads(recorded, settings.devices ?? 1);
      const devices = computeDevices(settings.devices, source.config.num_hidden_layers);
      const precision = settings.precision === "auto" ? fasterPrecision() : settings.precision;
      const layout = chooseLayout(settings);
      const { referenceDtype } = settings;
      if (referenceDtype && referenceDtype !== DTYPES[precision]) {
        hooks.log(
          `the reference is computed in ${DTYPES[precision]} as the policy is, not in ` +
            `model.reference_dtype=${referenceDtype}: both have to round alike`,
        );
      }
      hooks.log(
        `training in ${run.path}: ${lossTitle(settings.loss)}, ${precision}, ${layout} batches`,
      );
      if (needsWholeBatch(settings.loss) && settings.gradientAccumulationSteps > 1) {
        hooks.log(
          `loss=${settings.loss.name} compares within a batch: with gradient_accumulation_steps=` +
            `${settings.gradientAccumulationSteps} each part is compared within itself, which is another loss`,
        );
      }
      if (!run.checkpoint) {
        await writeConfig(run.path, {
          exp_name: settings.expName,
          settings: namedSettings(settings),
          settings_hash: settingsHash(settings),
          model: describeSource(source),
          reference: needsReference(settings.loss) ? describeSource(source) : null,
          datasets: training.sources satisfies DatasetSource[],
          total_examples: totalExamples(settings, training.examples),
          precision,
          threads,
          layout,
          versions: engineVersions(),
        });
      }
      hooks.onStart(run.path);
      const trainer = new BasicTrainer({
        settings,
        source,
        train: training.examples,
        held,
        precision,
        threads,
        devices,
        layout,
        runFolder: run.path,
        checkpoint: run.checkpoint,
      }, hooks);
      const state = await trainer.run();
      return {
        ...state,
        folder: run.path,
        policy: settings.debug ? null : `${run.path}/LATEST/policy`,
      };
    } finally {
      run.release();
    }
  } finally {
    source.close();
  }
}

const DTYPES: Record<Precision, TrainSettings["referenceDtype"]> = {
  fp32: "float32",
  bf16: "bfloat16",
};

const describeSource = ({ name, path, digest }: ModelSource) => ({ name, path, digest });

function checkBatches({ batchSize, gradientAccumulationSteps }: TrainSettings): void {
  if (batchSize % gradientAccumulationSteps === 0) return;
  throw new InputError(
    `batch_size=${batchSize} has to be a multiple of gradient_accumulation_steps=${gradientAccumulationSteps}.`,
  );
}

function checkLengthFits({ maxLength }: TrainSettings, { config, name }: ModelSource): void {
  if (maxLength <= config.max_position_embeddings) return;
  throw new InputError(
    `max_length=${maxLength} is more than the ${config.max_position_embeddings} tokens that ${name} was made for.`,
  );
}

function checkArchitecture({ architecture }: TrainSettings, { config, name }: ModelSource): void {
  if (architecture === null || architecture === config.architecture) return;
  throw new InputError(
    `model.block_name= names a layer of ${architecture}, and ${name} is a ${config.architecture}; leave it out.`,
  );
}

function reportData(
  settings: TrainSettings,
  source: ModelSource,
  examples: readonly FlatExample[],
  held: readonly FlatExample[],
  log: (line: string) => void,
): void {
  const description = describeData(examples, source.tokenizer, {
    ...batchOptions(settings),
    bosId: source.config.bos_token_id,
    vocabularySize: source.config.vocab_size,
    held,
  });
  descriptionLines(description).forEach(log);
  const { pairs, prompts, chosen, rejected } = description.truncation;
  const worst = Math.max(prompts, chosen, rejected) / pairs;
  if (worst > settings.maxTruncatedFraction) {
    throw new InputError(
      `max_length=${settings.maxLength} cuts ${
        (100 * worst).toFixed(1)
      } % of the examples, more than ` +
        `max_truncated_fraction=${settings.maxTruncatedFraction} allows; raise max_length (longest here: more than ` +
        `${description.longest} tokens) or max_prompt_length, or allow it.`,
    );
  }
}

async function tokenizeHeldOut(
  settings: TrainSettings,
  source: ModelSource,
  examples: Parameters<typeof batches>[0],
): Promise<TokenizedPair[]> {
  if (examples.length === 0) return [];
  const held: TokenizedPair[] = [];
  const heldBatches = batches(examples, source.tokenizer, {
    ...batchOptions(settings),
    batchSize: settings.evalBatchSize,
    shuffle: false,
    nEpochs: 1,
    nExamples: undefined,
    lastBatch: "keep",
  });
  for await (const { pairs } of heldBatches) held.push(...pairs);
  return held.slice(0, settings.nEvalExamples);
}
