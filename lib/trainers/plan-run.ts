/**
 * The memory plan of a run: from its settings and shapes, and in words.
 *
 * @module
 */
import { needsReference } from "@/lib/losses/mod.ts";
import type { DecoderConfig } from "@/lib/models/config.ts";
import { layOut, type LayoutKind, type LayoutSizes } from "@/lib/models/layout.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { Buckets } from "@/lib/trainers/buckets.ts";
import { scoresPrompts } from "@/lib/trainers/loss-batch.ts";
import { type DevicePlan, memoryPlan, type MemoryPlanInput } from "@/lib/trainers/memory-plan.ts";
import { batchSharesOf, type TrainSettings, workersOf } from "@/lib/trainers/settings.ts";
import { type StepShape, stepShape } from "@/lib/trainers/step-shapes.ts";
import { computeDevices } from "@/lib/trainers/threads.ts";
import type { TrainInput } from "@/lib/trainers/train-input.ts";
import type { Trained } from "@/lib/trainers/update.ts";

/** What settings say of a run's memory. */
type FromSettings = Omit<
  MemoryPlanInput,
  | "config"
  | "precision"
  | "training"
  | "evaluation"
  | "devices"
  | "processes"
  | "tensorParallel"
  | "kind"
>;

/** @param beforehand whether the reference's log-probs are computed before training */
function fromSettings(settings: TrainSettings, beforehand: boolean): FromSettings {
  const { lora, loss, referenceSync, sampleDuringEval, nEvalModelSamples } = settings;
  const reference = !needsReference(loss)
    ? "none"
    : referenceSync
    ? "following"
    : beforehand
    ? "beforehand"
    : "live";
  return {
    lora,
    reference,
    optimizer: settings.optimizer,
    checkpointing: settings.activationCheckpointing,
    accumulates: settings.gradientAccumulationSteps > 1,
    samples: sampleDuringEval && nEvalModelSamples > 0
      ? { count: nEvalModelSamples, length: settings.maxLength }
      : null,
  };
}

/** The plan of a run whose shapes are settled. */
export function planRun(
  { settings, source, precision, parallelism: { world, batchShares, share }, held }: TrainInput,
  { steps, referenceLogps }: Trained,
): DevicePlan[] {
  const own = settings.batchSize / settings.gradientAccumulationSteps / batchShares;
  const evaluated = Math.ceil(settings.evalBatchSize / batchShares);
  const layers = source.config.num_hidden_layers;
  const devices = computeDevices(world > 1 ? 1 : settings.devices, layers);
  return memoryPlan({
    ...fromSettings(settings, Boolean(referenceLogps)),
    config: source.config,
    precision,
    training: steps.shapes(own),
    evaluation: held.length > 0 && evaluated !== own ? steps.shapes(evaluated) : [],
    ...(held.length > 0 ? {} : { samples: null }),
    devices: devices.length,
    processes: world,
    tensorParallel: share !== null,
    kind: devices[0].startsWith("GPU") ? "GPU" : "CPU",
  });
}

/** How a run that is only planned is spread. */
export interface Spread {
  devices: number;
  kind: "CPU" | "GPU";
}

/** The plan of a run without data: every prompt and every response as long as the settings allow. */
export function planSettings(
  settings: TrainSettings,
  config: DecoderConfig,
  precision: Precision,
  layout: LayoutKind,
  { devices, kind }: Spread,
): DevicePlan[] {
  const spread = { ...settings, devices }, processes = workersOf(spread);
  const shares = batchSharesOf(spread);
  const own = settings.batchSize / settings.gradientAccumulationSteps / shares;
  return memoryPlan({
    ...fromSettings(settings, settings.precomputeReference === true),
    config,
    precision,
    training: [longestShape(settings, layout, own)],
    evaluation: settings.nEvalExamples > 0
      ? [longestShape(settings, layout, Math.ceil(settings.evalBatchSize / shares))]
      : [],
    devices: processes > 1 ? 1 : devices,
    processes,
    tensorParallel: settings.trainer === "TensorParallelTrainer",
    kind,
  });
}

function longestShape(
  { loss, maxLength, maxPromptLength }: TrainSettings,
  layout: LayoutKind,
  pairs: number,
): StepShape {
  const sequences = loss.name === "sft" ? pairs : 2 * pairs;
  const start = Math.min(maxPromptLength, maxLength - 1);
  const longest = { ids: new Int32Array(maxLength), start };
  let sizes: LayoutSizes;
  const fit = (needed: LayoutSizes) => sizes = new Buckets().fit("", needed);
  layOut(Array.from({ length: sequences }, () => longest), layout, fit, {
    prompts: scoresPrompts(loss),
  });
  return stepShape(layout, sequences, sizes!);
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1)} GiB`;
const sum = (plans: readonly DevicePlan[]) => plans.reduce((n, { bytes }) => n + bytes, 0);

/** Devices whose plans are alike, together. */
function groupAlike(plans: readonly DevicePlan[]): (DevicePlan & { where: string })[] {
  const alike = Map.groupBy(plans, ({ rows }) => JSON.stringify(rows));
  return [...alike.values()].map((same) => {
    const first = same[0], last = same.at(-1)!;
    const where = same.length === 1 ? first.device : `each of ${first.device} to ${last.device}`;
    return { ...first, where };
  });
}

/** A plan as one line for each device; devices that are alike share one. */
export function planLines(plans: readonly DevicePlan[]): string[] {
  return groupAlike(plans).map(({ where, rows, bytes }) => {
    const parts = rows.map(({ what, bytes }) => `${what} ${gib(bytes)}`).join(", ");
    return `memory plan, ${where}: ${gib(bytes)} at the peak (${parts})`;
  });
}

/** What all processes were planned to take; null where there is no plan, or what it plans is GPUs' memory. */
const plannedBytes = (plans: readonly DevicePlan[]): number | null =>
  plans.length > 0 && !plans[0].device.startsWith("GPU") ? sum(plans) : null;

/** The plan as a line of metrics has it. */
export function plannedMetric(plans: readonly DevicePlan[]): Record<string, number> {
  const bytes = plannedBytes(plans);
  return bytes === null ? {} : { planned_memory_bytes: bytes };
}

/** How a plan and the process's peak compare, in one line; null where they cannot be compared. */
export function comparedWithPlan(plans: readonly DevicePlan[], peakBytes: number): string | null {
  const bytes = plannedBytes(plans);
  return bytes === null ? null : `memory: planned ${gib(bytes)}, measured ${gib(peakBytes)}`;
}

/** A plan as a table, and whether it fits. */
export function planTable(
  plans: readonly DevicePlan[],
  { needed, available, fits, untested }: {
    needed: number;
    available: number;
    fits: boolean;
    untested: boolean;
  },
): string {
  const tables = groupAlike(plans).map(({ where, rows, bytes }) => {
    const lines = [...rows, { what: "at the peak", bytes }];
    const width = Math.max(...lines.map(({ what }) => what.length));
    return [
      where,
      ...lines.map(({ what, bytes }) => `  ${what.padEnd(width)} ${gib(bytes).padStart(9)}`),
    ]
      .join("\n");
  });
  const verdict = `${gib(needed)} of ${gib(available)}: ${fits ? "fits" : "does not fit"}`;
  return [...tables, verdict + (untested ? " (untested: planned, not measured)" : "")].join("\n");
}
