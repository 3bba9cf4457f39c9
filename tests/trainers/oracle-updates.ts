/**
 * Updates that PyTorch made (tests/oracles), and ours beside them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { LossName, LossSettings } from "@/lib/losses/mod.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { OptimizerName } from "@/lib/trainers/optimizer-rules.ts";
import type { UpdateReport, UpdateSettings } from "@/lib/trainers/update.ts";

/** Settings of a run, as the files have them. */
export interface OracleSettings {
  loss: LossName;
  beta: number;
  label_smoothing: number;
  reference_free: boolean;
  optimizer: { name: OptimizerName };
  lr: number;
  warmup_steps: number;
  max_grad_norm: number;
  gradient_accumulation_steps: number;
}

/** One update before it was made: means over its pairs. What a loss does not have is not there. */
export interface OracleUpdate {
  /** Lines of pairs.jsonl. */
  pairs: number[];
  loss: number;
  grad_norm: number;
  lr?: number;
  logps_chosen?: number;
  logps_rejected?: number;
  rewards_chosen?: number;
  rewards_rejected?: number;
  rewards_margins?: number;
}

/** A file of tests/fixtures/oracles. */
export const oracle = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../fixtures/oracles/${name}.json`, import.meta.url)));

export const lossOf = (s: OracleSettings): LossSettings => ({
  name: s.loss,
  beta: s.beta,
  labelSmoothing: s.label_smoothing,
  referenceFree: s.reference_free,
});

export const updateSettingsOf = (s: OracleSettings): UpdateSettings => ({
  lr: s.lr,
  lrSchedulerType: "constant",
  updates: Infinity,
  warmupSteps: s.warmup_steps,
  maxGradNorm: s.max_grad_norm,
  gradientAccumulationSteps: s.gradient_accumulation_steps,
});

/** Means over the pairs of an update, under the names of metrics. */
export function meansOf({ results }: UpdateReport): Record<string, number> {
  const sums = new MetricSums();
  results.forEach((result) => sums.add("train", result));
  return sums.means();
}

/** Our name of what is compared, and below which value differences count absolutely. */
const COMPARED: Record<keyof Omit<OracleUpdate, "pairs">, [name: string, floor: number]> = {
  loss: ["loss/train", 0],
  grad_norm: ["grad_norm", 0],
  lr: ["lr", 0],
  logps_chosen: ["logps_train/chosen", 1e-3],
  logps_rejected: ["logps_train/rejected", 1e-3],
  // Rewards are small differences of large log-probs, which fp32 holds to about 1e-4.
  rewards_chosen: ["rewards_train/chosen", 0.1],
  rewards_rejected: ["rewards_train/rejected", 0.1],
  rewards_margins: ["rewards_train/margins", 0.1],
};

/**
 * Whether an update is PyTorch's to 1e-3.
 * @param i number of the update, from 0
 * @param norms PyTorch's norms of single tensors' gradients
 * @throws AssertionError naming what differs
 */
export function assertUpdate(
  i: number,
  report: UpdateReport,
  expected: OracleUpdate,
  norms: Record<string, number> = {},
): void {
  const close = (what: string, found: number, wanted: number, floor: number) =>
    assert.ok(
      Math.abs(found - wanted) <= 1e-3 * Math.max(Math.abs(wanted), floor),
      `update ${i + 1}, ${what}: ${found}, PyTorch ${wanted}`,
    );
  const found: Record<string, number> = {
    ...meansOf(report),
    grad_norm: report.norm,
    lr: report.lr,
  };
  for (const [key, [name, floor]] of Object.entries(COMPARED)) {
    const wanted = expected[key as keyof typeof COMPARED];
    if (wanted !== undefined) close(name, found[name], wanted, floor);
  }
  for (const [tensor, wanted] of Object.entries(norms)) {
    close(`gradient of ${tensor}`, report.norms[tensor], wanted, 1e-3);
  }
}
