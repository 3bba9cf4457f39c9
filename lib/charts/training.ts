/**
 * Figures of a training run, each from the records of its metrics.jsonl.
 *
 * @module
 */
import { metricLines, metricPoints, type MetricRecord } from "@/lib/charts/metric-lines.ts";
import { BLUE, GREEN, ORANGE } from "@/lib/charts/palette.ts";

const TRAIN = { name: "training", color: BLUE };
const HELD_OUT = { name: "held out", color: ORANGE, dashed: true };

/** Loss in training and on held-out examples. `rule` for a value to compare with, such as ln 2 for DPO. */
export function lossCurve(
  records: readonly MetricRecord[],
  rule?: { value: number; name: string },
): string {
  return metricLines(records, {
    title: "Loss",
    yLabel: "loss (nats)",
    series: [{ metric: "loss/train", ...TRAIN }, { metric: "loss/eval", ...HELD_OUT }],
    rule,
  });
}

/** How often the chosen response has the higher reward. */
export function rewardAccuracies(records: readonly MetricRecord[]): string {
  return metricLines(records, {
    title: "Reward accuracy",
    yLabel: "pairs with the higher reward on chosen (%)",
    series: [
      { metric: "rewards_train/accuracies", ...TRAIN, factor: 100 },
      { metric: "rewards_eval/accuracies", ...HELD_OUT, factor: 100 },
    ],
    rule: { value: 50, name: "chance" },
    yDomain: [0, 100],
  });
}

/** Reward of chosen minus reward of rejected. */
export function margins(records: readonly MetricRecord[]): string {
  return metricLines(records, {
    title: "Reward margin",
    yLabel: "reward of chosen − reward of rejected (nats)",
    series: [
      { metric: "rewards_train/margins", ...TRAIN },
      { metric: "rewards_eval/margins", ...HELD_OUT },
    ],
    rule: { value: 0, name: "no preference" },
  });
}

/** Log-probabilities of both responses: held out where they were measured, else in training. */
export function logpsChosenRejected(records: readonly MetricRecord[]): string {
  const split = metricPoints(records, "logps_eval/chosen").length > 0 ? "eval" : "train";
  return metricLines(records, {
    title: split === "eval" ? "Log-probabilities, held out" : "Log-probabilities, training",
    yLabel: "log-probability (nats per response)",
    series: [
      { metric: `logps_${split}/chosen`, name: "chosen", color: GREEN },
      { metric: `logps_${split}/rejected`, name: "rejected", color: ORANGE, dashed: true },
    ],
  });
}

/** Norm of the gradient before clipping. */
export function gradNorm(records: readonly MetricRecord[]): string {
  return metricLines(records, {
    title: "Gradient norm",
    yLabel: "gradient norm before clipping",
    series: [{ metric: "grad_norm", ...TRAIN }],
  });
}

/** Speed: tokens per second where they were counted, else examples per second. */
export function throughput(records: readonly MetricRecord[]): string {
  const metric = metricPoints(records, "tokens_per_second").length > 0
    ? "tokens_per_second"
    : "examples_per_second";
  return metricLines(records, {
    title: "Throughput",
    yLabel: metric.replaceAll("_", " "),
    series: [{ metric, ...TRAIN }],
  });
}
