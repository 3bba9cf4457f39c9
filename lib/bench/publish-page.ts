/**
 * The page that `deno task bench publish` writes.
 *
 * @module
 */
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/markdown.ts";
import type { PublishBenchResult } from "@/lib/bench/publish.ts";

/** The page's text. */
export function publishPage(
  { workload, runs, sameBytes, parquetBytes }: PublishBenchResult,
  command: string,
): string {
  const { cpu, cores } = describeMachine(), n = (value: number) => value.toLocaleString("en");
  const { labels, labelers, pairs, questions } = workload;
  return [
    "# Speed of publishing",
    `${n(labels)} synthetic labels by ${labelers} labelers on ${n(pairs)} pairs of ${
      n(questions)
    } questions, on ${cpu} with ${cores} cores. Each row is one call of \`deno task publish\`, from its start to its ` +
    "end: votes, split, all texts looked through for names, addresses and secrets, both configs as Parquet, card. " +
    "Memory is the largest that was resident. Written by:",
    "```sh test by=tests/bench/publish_test.ts\n" + command + "\n```",
    markdownTable({
      head: ["aggregate", "seconds", "peak memory", "train", "test"],
      rows: runs.map(({ aggregate, seconds, peakBytes, train, test }) => [
        aggregate,
        seconds.toFixed(1),
        peakBytes === undefined ? "–" : `${(peakBytes / 2 ** 30).toFixed(2)} GiB`,
        n(train),
        n(test),
      ]),
    }),
    `The Parquet files of the two runs by majority, ${(parquetBytes / 1e6).toFixed(1)} MB, ${
      sameBytes ? "are the same byte by byte" : "differ"
    }.`,
  ].join("\n\n") + "\n";
}
