/**
 * The figures of one training run: the same in its report, in the web app and in notebooks.
 *
 * @module
 */
import { metricPoints, type MetricRecord } from "@/lib/charts/metric-lines.ts";
import {
  gradNorm,
  logpsChosenRejected,
  lossCurve,
  margins,
  rewardAccuracies,
  throughput,
} from "@/lib/charts/training.ts";

/** A figure and what it shows. */
export interface RunFigure {
  caption: string;
  svg: string;
}

/** The figures that a run has data for. `loss`: its name; `records`: the lines of its metrics.jsonl. */
export function runFigures(
  { loss, records }: { loss: string; records: readonly MetricRecord[] },
): RunFigure[] {
  const measured = (...metrics: string[]) =>
    metrics.some((metric) => metricPoints(records, metric).length > 0);
  const rule = loss === "dpo" ? { value: Math.LN2, name: "ln 2" } : undefined;
  const all: [boolean, string, () => string][] = [
    [measured("loss/train", "loss/eval"), "Loss", () => lossCurve(records, rule)],
    [
      measured("rewards_train/accuracies", "rewards_eval/accuracies"),
      "Reward accuracy: how often chosen has the higher reward",
      () => rewardAccuracies(records),
    ],
    [
      measured("rewards_train/margins", "rewards_eval/margins"),
      "Reward margin between chosen and rejected",
      () => margins(records),
    ],
    [
      measured("logps_train/chosen", "logps_eval/chosen"),
      "Log-probabilities of chosen and rejected responses",
      () => logpsChosenRejected(records),
    ],
    [measured("grad_norm"), "Gradient norm before clipping", () => gradNorm(records)],
    [
      measured("tokens_per_second", "examples_per_second"),
      "Throughput of whole steps",
      () => throughput(records),
    ],
  ];
  return all.filter(([shown]) => shown).map(([, caption, draw]) => ({ caption, svg: draw() }));
}
