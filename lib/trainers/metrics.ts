/**
 * Metrics under the reference's names, and the file they are written to.
 *
 * @module
 */
import type { ExampleResults } from "@/lib/trainers/example-results.ts";

/** One line of metrics.jsonl: names to numbers, with `examples`, `updates` and an ISO `time`. */
export type MetricsLine = { examples: number } & Record<string, number | string>;

/** Sums over examples, so that batches of different sizes weigh what they hold. */
export class MetricSums {
  private readonly sums = new Map<string, { sum: number; count: number }>();

  /** Adds the results of a batch; only its first `count` examples where it was filled up with copies. */
  add(split: "train" | "eval", results: ExampleResults, count = results.losses.length): void {
    const { losses, chosenLogps, rejectedLogps, chosenRewards, rejectedRewards } = results;
    this.push(`loss/${split}`, losses, count);
    this.push(`logps_${split}/chosen`, chosenLogps, count);
    if (rejectedLogps) this.push(`logps_${split}/rejected`, rejectedLogps, count);
    if (!chosenRewards || !rejectedRewards) return;
    this.push(`rewards_${split}/chosen`, chosenRewards, count);
    this.push(`rewards_${split}/rejected`, rejectedRewards, count);
    this.push(
      `rewards_${split}/margins`,
      chosenRewards.map((r, i) => r - rejectedRewards[i]),
      count,
    );
    this.push(
      `rewards_${split}/accuracies`,
      chosenRewards.map((r, i) => Number(r > rejectedRewards[i])),
      count,
    );
  }

  /** Means over the examples added so far. */
  means(): Record<string, number> {
    return Object.fromEntries([...this.sums].map(([name, { sum, count }]) => [name, sum / count]));
  }

  private push(name: string, values: Float32Array, count: number): void {
    const entry = this.sums.get(name) ?? { sum: 0, count: 0 };
    for (const value of values.subarray(0, count)) entry.sum += value;
    entry.count += count;
    this.sums.set(name, entry);
  }
}

/** Largest resident memory of this process so far, in bytes. */
export function peakMemoryBytes(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  const line = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+) kB/);
  return Number(line![1]) * 1024;
}

/** Appends lines that say after how many `examples` they were written; each is with the system before the call returns. */
export class LinesFile<Line extends { examples: number } = MetricsLine> {
  /** What an earlier process wrote and is kept. */
  readonly kept: Line[] = [];
  private readonly file: Deno.FsFile;

  /**
   * @param keepUpTo on resuming, lines of later examples are cut: they will be written again
   */
  constructor(path: string, keepUpTo: number) {
    try {
      this.kept = Deno.readTextFileSync(path).split("\n")
        .flatMap((text) => parsed<Line>(text))
        .filter(({ examples }) => examples <= keepUpTo);
      const partial = `${path}.partial`;
      Deno.writeTextFileSync(
        partial,
        this.kept.map((line) => JSON.stringify(line) + "\n").join(""),
      );
      Deno.renameSync(partial, path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.file = Deno.openSync(path, { append: true, create: true });
  }

  write(line: Line): void {
    this.file.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
  }

  close(): void {
    this.file.syncSync();
    this.file.close();
  }
}

/** A line; none where it was cut by a crash, or is empty. */
function parsed<Line>(text: string): Line[] {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
