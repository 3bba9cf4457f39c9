/**
 * What a run's settings leave open: number format, layout, threads. Decided once, by the first process.
 *
 * @module
 */
import type { LayoutKind } from "@/lib/models/layout.ts";
import { lossTitle, needsReference, needsWholeBatch } from "@/lib/losses/mod.ts";
import { fasterPrecision, type Precision } from "@/lib/models/precision.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import { fingerprint, type Prepared } from "@/lib/trainers/prepare.ts";
import { namedSettings, writeConfig } from "@/lib/trainers/run-folder.ts";
import {
  batchSharesOf,
  chooseLayout,
  settingsHash,
  totalExamples,
  type TrainSettings,
  workersOf,
} from "@/lib/trainers/settings.ts";
import type { Threads } from "@/lib/trainers/threads.ts";
import { engineVersions } from "@/lib/trainers/versions.ts";

/** Where a run is, and what its processes have in common. */
export interface Decisions {
  runFolder: string;
  /** What to go on from, and what it says. */
  checkpoint: string | null;
  state: TrainerState | null;
  /** Where the processes' servers listen, by rank; null where there is one process. */
  addresses: string[] | null;
  threads: Threads | null;
  precision: Precision;
  layout: LayoutKind;
  /** Of model and data, which have to be every process's. */
  fingerprint: string;
}

/**
 * Decides, says so, and writes the run's config.json where it begins. TensorFlow is configured already.
 */
export async function decide(
  settings: TrainSettings,
  prepared: Prepared,
  run: Pick<Decisions, "checkpoint" | "state" | "addresses" | "threads"> & { path: string },
  log: (line: string) => void,
): Promise<Decisions> {
  const { path, checkpoint, state, addresses, threads } = run, { source } = prepared;
  const precision = precisionOf(settings, state);
  const layout = chooseLayout(settings);
  const { referenceDtype } = settings;
  if (referenceDtype && referenceDtype !== DTYPES[precision]) {
    log(
      `the reference is computed in ${DTYPES[precision]} as the policy is, not in ` +
        `model.reference_dtype=${referenceDtype}: both have to round alike`,
    );
  }
  const processes = workersOf(settings), shares = batchSharesOf(settings);
  log(
    `training in ${path}: ${lossTitle(settings.loss)}, ${precision}, ${layout} batches` +
      (processes > 1 ? `, ${processes} workers` : ""),
  );
  if (needsWholeBatch(settings.loss) && settings.gradientAccumulationSteps * shares > 1) {
    log(
      `loss=${settings.loss.name} compares within a batch: with gradient_accumulation_steps=` +
        `${settings.gradientAccumulationSteps} and ${shares} workers each part is compared within itself, ` +
        "which is another loss",
    );
  }
  if (!checkpoint) {
    await writeConfig(path, {
      exp_name: settings.expName,
      settings: namedSettings(settings),
      settings_hash: settingsHash(settings),
      model: describeSource(source),
      reference: needsReference(settings.loss) ? describeSource(source) : null,
      datasets: prepared.datasets,
      total_examples: totalExamples(settings, prepared.train),
      precision,
      threads,
      layout,
      versions: engineVersions(),
    });
  }
  return {
    runFolder: path,
    checkpoint,
    state,
    addresses,
    threads,
    precision,
    layout,
    fingerprint: fingerprint(prepared),
  };
}

/** Whatever is measured faster now: what a run began with it goes on with, so that its numbers are of one kind. */
function precisionOf({ precision }: TrainSettings, state: TrainerState | null): Precision {
  if (precision !== "auto") return precision;
  return state ? state.precision : fasterPrecision();
}

const DTYPES: Record<Precision, TrainSettings["referenceDtype"]> = {
  fp32: "float32",
  bf16: "bfloat16",
};

const describeSource = ({ name, path, digest, hub }: ModelSource) => ({
  name,
  path,
  digest,
  ...(hub ? { revision: hub.revision } : {}),
});
