/**
 * The page that `deno task bench data` writes.
 *
 * @module
 */
import type { DataRun } from "@/lib/bench/data.ts";
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/markdown.ts";

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** How many bytes of memory each byte of text more took, from the middle dataset of JSON Lines to the largest. */
export function growthPerByte(runs: readonly DataRun[]): number {
  const lines = runs.filter(({ format }) => format === "jsonl");
  const [small, large] = lines.slice(-2);
  const peak = ({ first, again }: DataRun) => Math.max(first.peakBytes, again.peakBytes);
  return (peak(large) - peak(small)) / (large.bytes - small.bytes);
}

/** The page's text. */
export function dataPage(runs: readonly DataRun[], command: string): string {
  const { cpu, cores } = describeMachine();
  return [
    "# Memory of large datasets",
    `Pairs of random texts on their way to batches, on ${cpu} with ${cores} cores: read, sorted by prompt and divided ` +
    "into splits, all texts looked through for faults, the first batches of a shuffled epoch drawn and tokenised. Each " +
    "reading is a process of its own without a model's weights; memory is the largest that was resident. The second " +
    "finds what the first one left in `.cache/datasets`. Written by:",
    "```sh test by=tests/bench/data_test.ts\n" + command + "\n```",
    markdownTable({
      head: [
        ...[
          "format",
          "MB of text",
          "pairs to train on",
          "memory",
          "seconds to read",
          "and to look through",
        ],
        ...["memory again", "seconds again"],
      ],
      rows: runs.map(({ format, bytes, first, again }) => [
        format,
        Math.round(bytes / 1e6).toLocaleString("en"),
        first.pairs.toLocaleString("en"),
        gib(first.peakBytes),
        first.seconds.read.toFixed(1),
        first.seconds.batches.toFixed(1),
        gib(again.peakBytes),
        again.seconds.batches.toFixed(1),
      ]),
    }),
    `From the middle one to the largest, each megabyte of text took ${
      (1000 * growthPerByte(runs)).toFixed(0)
    } kB of memory more: of a prompt its place is kept, and of a held-out one a hash. Texts of less than 64 Mi ` +
    "characters stay in memory.",
  ].join("\n\n") + "\n";
}
