/**
 * The page that `deno task bench label` writes.
 *
 * @module
 */
import type { LabelBenchOptions, LabelSpeed } from "@/lib/bench/label/bench.ts";
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/markdown.ts";

/** The value below which the given share of the numbers lies (nearest rank). @throws RangeError when there are none */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no numbers to take a percentile of");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The numbers that count: labels a second, and the times that 95 of 100 requests keep, in milliseconds. */
export function labelSummary(speed: LabelSpeed): { perSecond: number; save: number; next: number } {
  return {
    perSecond: speed.save.length / speed.seconds,
    save: percentile(speed.save, 0.95),
    next: percentile(speed.next, 0.95),
  };
}

/** The page's text. */
export function labelPage(speed: LabelSpeed, options: LabelBenchOptions, command: string): string {
  const { cpu, cores, memoryBytes } = describeMachine();
  const row = (name: string, values: number[]) => [
    name,
    String(values.length),
    ...[0.5, 0.95, 0.99, 1].map((share) => percentile(values, share).toFixed(0)),
  ];
  const rows = [
    row("`GET /api/next`", speed.next),
    row("`POST /api/labels`", speed.save),
    ...(speed.writes.length > 0 ? [row("a write of the process beside it", speed.writes)] : []),
  ];
  const beside = options.writeEvery > 0
    ? ` Beside the app another process writes to the file every ${options.writeEvery} s.`
    : "";
  return [
    "# Many labelers at once",
    `${options.labelers} simulated labelers on \`deno task label\` through its JSON API, on ${cpu} with ${cores} cores and ${
      (memoryBytes / 2 ** 30).toFixed(0)
    } GiB, which the labelers' own process shares. Each asks for the next pair as soon as its label is stored; the file holds ${options.before} labels on ${options.pairs} pairs before.${beside} Written by:`,
    "```sh test by=tests/bench/label_test.ts\n" + command + "\n```",
    `**${
      labelSummary(speed).perSecond.toFixed(0)
    } labels a second.** What requests took, in milliseconds:`,
    markdownTable({ head: ["request", "how many", "median", "95 %", "99 %", "longest"], rows }),
    "A label is acknowledged when its transaction is in the file. Pairs, standing decisions and reservations are in memory; labels that arrive together are one transaction, and the file is let go of as soon as another process waits for it.",
  ].join("\n\n") + "\n";
}
