/**
 * docs/reference/metrics.md: the numbers of a run with their units.
 *
 * @module
 */
import { cell, codeCell, GENERATED, table } from "@/lib/documentation/markdown.ts";
import {
  EXAMPLE_METRICS,
  LINE_METRICS,
  type MetricName,
  namesOf,
  UPDATE_METRICS,
} from "@/lib/trainers/metric-names.ts";

export function metricsPage(): string {
  const rows = (metrics: Readonly<Record<string, MetricName>>) =>
    table(
      ["Metric", "Unit", "Meaning"],
      Object.entries(metrics).map(([name, { unit, meaning }]) => [
        namesOf(name).map(codeCell).join(", "),
        unit,
        cell(meaning),
      ]),
    );
  return [
    "# Metrics",
    GENERATED,
    "A run writes them to `metrics.jsonl` in its folder, one JSON object a line, and copies them to the table " +
    "[`metrics`](tables.md#metrics) of `db=`, to event files for TensorBoard and, where asked, to Weights & Biases. " +
    "Names are the [reference implementation's]" +
    "(https://github.com/eric-mitchell/direct-preference-optimization), with ours beside them. Logarithms are natural: " +
    "a nat is 1.44 bits. A line in training is about the examples since the line before " +
    "(`minimum_log_interval_secs=`), one of an evaluation about all held-out examples.",
    "## Of examples",
    "Means over examples; each counts once, whatever the batch.",
    rows(EXAMPLE_METRICS),
    "## Of updates",
    rows(UPDATE_METRICS),
    "## In every line",
    rows(LINE_METRICS),
  ].join("\n\n") + "\n";
}
