/**
 * What comes before training: model and data are opened, checked and described.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { batches, countExamples, examplesPerEpoch } from "@/lib/datasets/batches.ts";
import { describeData, descriptionLines } from "@/lib/datasets/describe.ts";
import type { ExampleList } from "@/lib/datasets/example-list.ts";
import { type DatasetSource, openDatasets, readExamples, sourceLine } from "@/lib/datasets/load.ts";
import type { DownloadOptions } from "@/lib/datasets/locate.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import { checkRunFits } from "@/lib/trainers/disk-space.ts";
import { begunWith, modelToOpen, type RunConfig } from "@/lib/trainers/run-folder.ts";
import { batchOptions, type TrainSettings } from "@/lib/trainers/settings.ts";

/** Model and data, as they were found. The model is the receiver's to close. */
export interface Prepared {
  /** Where the weights come from: the model, or the archive. */
  source: ModelSource;
  train: ExampleList;
  /** Held-out pairs, tokenised. */
  held: TokenizedPair[];
  datasets: DatasetSource[];
}

/**
 * @param log told what the data are; null where another process of the run tells it
 * @param download told about data that come from the hub
 * @throws InputError for data, models or settings that cannot be trained with
 */
export async function prepare(
  settings: TrainSettings,
  log: ((line: string) => void) | null,
  download: DownloadOptions = {},
): Promise<Prepared> {
  const { db, testFraction } = settings;
  const begun = begunWith(settings);
  const datasets = await openDatasets(settings.datasets, {
    ...{ ...download, db, testFraction },
    begun: begun?.datasets,
  });
  const training = await readExamples(datasets, "train");
  const heldOut = await readExamples(datasets, "test");
  if (log) {
    for (const source of training.sources) log(sourceLine("train", source));
    for (const source of heldOut.sources) log(sourceLine("test", source));
  }
  const source = await openModel(modelToOpen(settings));
  try {
    checkBegun(begun?.model, source);
    checkLengthFits(settings, source);
    checkArchitecture(settings, source);
    if (log) reportData(settings, source, training.examples, heldOut.examples, log);
    // Refuses data that no batch can be drawn from before a run folder is made.
    batches(training.examples, source.tokenizer, batchOptions(settings));
    const held = await tokenizeHeldOut(settings, source, heldOut.examples);
    if (log) checkRunFits(settings, source.config, held.length > 0);
    return { source, train: training.examples, held, datasets: training.sources };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Another model would be another reference, or another base of the adapters. */
function checkBegun(begun: RunConfig["model"] | undefined, { name, digest }: ModelSource): void {
  if (!begun || begun.digest === digest) return;
  throw new InputError(
    `The run was begun with another model: ${begun.name} had the digest ${begun.digest}, and ${name} has ${digest} now. ` +
      "Put the model back, or begin another run with another exp_name.",
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
  examples: ExampleList,
  held: ExampleList,
  log: (line: string) => void,
): void {
  const description = describeData(examples, source.tokenizer, {
    ...batchOptions(settings),
    bosId: source.config.bos_token_id,
    vocabularySize: source.config.vocab_size,
    held,
  });
  descriptionLines(description).forEach(log);
  const epoch = examplesPerEpoch(examples, batchOptions(settings));
  const left = description.examples - epoch;
  if (left > 0 && epoch > 0) {
    log(
      `each epoch leaves out ${left} of them, others each time: they fill no batch_size=${settings.batchSize}`,
    );
  }
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

/** Of what was found; where it is the same, so are the batches. */
export const fingerprint = ({ source, datasets, train, held }: Prepared): string =>
  createHash("sha256")
    .update(JSON.stringify([source.digest, datasets, train.length, held.length]))
    .digest("hex");

async function tokenizeHeldOut(
  settings: TrainSettings,
  source: ModelSource,
  examples: ExampleList,
): Promise<TokenizedPair[]> {
  const count = countExamples(examples, settings.loss.name === "sft");
  if (count === 0 || settings.nEvalExamples === 0) return [];
  const held: TokenizedPair[] = [];
  const heldBatches = batches(examples, source.tokenizer, {
    ...batchOptions(settings),
    batchSize: settings.evalBatchSize,
    // Some of them are drawn as the reference draws them: data are often sorted.
    shuffle: count > settings.nEvalExamples,
    seed: 0,
    nEpochs: 1,
    nExamples: settings.nEvalExamples,
    lastBatch: "keep",
  });
  for await (const { pairs } of heldBatches) held.push(...pairs);
  return held.slice(0, settings.nEvalExamples);
}
