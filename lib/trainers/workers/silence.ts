/**
 * Noticing that workers hang.
 *
 * @module
 */
import type { WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";

const TICK_MS = 1000;
/** How many seconds a worker has to answer. */
const ANSWER_SECONDS = 10;

/**
 * Counts the seconds in which no worker said anything while all were training: one that traces, evaluates or saves
 * takes as long as it takes, and the others wait for it. Seconds in which this process itself stood still do not count.
 */
export class Silence {
  private seconds = 0;
  private readonly answered = new Set<WorkerHandle>();
  private readonly timer: ReturnType<typeof setInterval>;

  /**
   * @param limit seconds
   * @param onHang told the workers that do not answer any more; all of them where all do
   */
  constructor(
    private readonly workers: readonly WorkerHandle[],
    private readonly limit: number,
    private readonly onHang: (workers: readonly WorkerHandle[]) => void,
  ) {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** A worker said something of its own. */
  broken(): void {
    this.seconds = 0;
  }

  answer(worker: WorkerHandle): void {
    this.answered.add(worker);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const asked = this.workers.filter((worker) => !worker.ended);
    const waiting = asked.length > 0 && asked.every(({ phase }) => phase === "training");
    this.seconds = waiting ? this.seconds + 1 : 0;
    if (this.seconds === this.limit) {
      this.answered.clear();
      asked.forEach((worker) => worker.send({ type: "ping" }));
    }
    if (this.seconds < this.limit + ANSWER_SECONDS) return;
    this.stop();
    const mute = asked.filter((worker) => !this.answered.has(worker));
    this.onHang(mute.length > 0 ? mute : asked);
  }
}
