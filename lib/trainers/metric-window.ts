/**
 * What training did between two lines of metrics.
 *
 * @module
 */
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { MetricSums } from "@/lib/trainers/metrics.ts";
import type { UpdateReport } from "@/lib/trainers/update.ts";

/** Updates since the last line; lines are as far apart as is asked for, and no update is left out. */
export class MetricWindow {
  private sums = new MetricSums();
  private tokens = 0;
  private examples = 0;
  private last: Pick<UpdateReport, "norm" | "lr"> | null = null;
  private since = performance.now();
  private lineAt = -Infinity;

  /**
   * @param seconds between two lines at least
   * @param sft whether chosen responses alone are learnt
   */
  constructor(private readonly seconds: number, private readonly sft: boolean) {}

  /** Time up to now went to something else than training. */
  startClock(): void {
    this.since = performance.now();
  }

  add(pairs: readonly TokenizedPair[], { results, norm, lr }: UpdateReport): void {
    results.forEach((result) => this.sums.add("train", result));
    for (const { chosen, rejected } of pairs) {
      this.tokens += chosen.ids.length + (this.sft ? 0 : rejected.ids.length);
    }
    this.examples += pairs.length;
    this.last = { norm, lr };
  }

  /** Whether there is something to tell, and it is time to. */
  get due(): boolean {
    return this.last !== null && performance.now() - this.lineAt >= 1000 * this.seconds;
  }

  /** The line of the updates so far, and an empty window; null where there were none. */
  take(): Record<string, number> | null {
    if (!this.last) return null;
    const now = performance.now(), seconds = (now - this.since) / 1000, { norm, lr } = this.last;
    const line = {
      ...this.sums.means(),
      grad_norm: norm,
      lr,
      examples_per_second: this.examples / seconds,
      tokens_per_second: this.tokens / seconds,
    };
    this.sums = new MetricSums();
    [this.tokens, this.examples, this.last] = [0, 0, null];
    [this.since, this.lineAt] = [now, now];
    return line;
  }
}
