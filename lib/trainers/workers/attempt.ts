/**
 * One life of a run's workers, from their start to the end of the last one.
 *
 * @module
 */
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import type { Decisions } from "@/lib/trainers/decide.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";
import { type Failure, rootOf } from "@/lib/trainers/workers/failure.ts";
import type { Job, Report } from "@/lib/trainers/workers/messages.ts";
import type { Network } from "@/lib/trainers/workers/network.ts";
import { Silence } from "@/lib/trainers/workers/silence.ts";
import type { Nodes } from "@/lib/trainers/workers/nodes.ts";
import type { Gone, WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";
import { WorkerProcess } from "@/lib/trainers/workers/worker-process.ts";

/** After the first failure others may follow from it, or have been its cause. */
const GRACE_MS = 2000;

/** What workers are started with. */
export interface Crew {
  settings: TrainSettings;
  world: number;
  network: Network;
  /** The other machines, all of which have joined; null where there are none. */
  nodes: Nodes | null;
  /** Environment of a worker. */
  env(rank: number): Record<string, string>;
  /** Whether the data are described. */
  describes: boolean;
  /** Asked once model and data are known to be good. */
  folder(): { path: string; checkpoint: string | null };
}

/** How the workers ended. */
export type Outcome =
  | { type: "finished"; state: TrainerState }
  | { type: "interrupted" }
  | { type: "failed"; failure: Failure };

/** Starts the workers, the first one before the others, and hands on what the first one tells. */
export class Attempt {
  private readonly workers: WorkerHandle[] = [];
  private readonly failures: Failure[] = [];
  private readonly outcome = Promise.withResolvers<Outcome>();
  private readonly silence: Silence;
  private state: TrainerState | null = null;
  private interrupted = false;
  private deciding = true;
  private firstPid = 0;
  private grace: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly crew: Crew, private readonly hooks: TrainHooks) {
    this.silence = new Silence(
      this.workers,
      crew.settings.hangTimeout,
      (hanging) => hanging.forEach((worker) => this.fail(worker, "hangs")),
    );
  }

  /** No worker is left when it returns. */
  async run(): Promise<Outcome> {
    const { signal } = this.hooks, onAbort = () => this.stop();
    signal.addEventListener("abort", onAbort);
    try {
      signal.throwIfAborted();
      this.start(0, null);
      return await this.outcome.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.silence.stop();
      clearTimeout(this.grace);
      this.workers.forEach((worker) => worker.kill());
      await Promise.allSettled(this.workers.map(({ gone }) => gone));
    }
  }

  private start(rank: number, decisions: Decisions | null): void {
    const { settings, world, network, nodes, describes } = this.crew;
    const job: Job = {
      rank,
      world,
      settings,
      addresses: nodes?.addresses() ?? null,
      freshNetwork: network.fresh,
      describes,
      decisions,
    };
    const hear = (from: WorkerHandle, report: Report) => this.hear(from, report);
    const worker = nodes?.start(job, hear) ?? this.startHere(job, hear);
    this.workers.push(worker);
    worker.gone.then((status) => this.left(worker, status)).catch(this.outcome.reject);
  }

  private startHere(
    job: Job,
    hear: (from: WorkerHandle, report: Report) => Promise<void>,
  ): WorkerHandle {
    const { network, env } = this.crew;
    const prefix = job.rank === 0 ? network.first : network.joining(this.firstPid);
    const worker = new WorkerProcess(job, prefix, env(job.rank), hear);
    if (job.rank === 0) this.firstPid = worker.pid;
    return worker;
  }

  private async hear(worker: WorkerHandle, report: Report): Promise<void> {
    if (report.type === "pong") return this.silence.answer(worker);
    this.silence.broken();
    const { hooks } = this;
    switch (report.type) {
      case "prepared":
        return worker.send({ type: "folder", ...this.crew.folder() });
      case "decided":
        this.deciding = false;
        if (report.decisions.state?.finished) return;
        for (let rank = 1; rank < this.crew.world; rank++) this.start(rank, report.decisions);
        return;
      case "phase":
        [worker.phase, worker.updates] = [report.phase, report.updates];
        return;
      case "log":
        return hooks.log(report.line);
      case "progress":
        return hooks.onProgress(report.done, report.total, report.note);
      case "metrics":
        return hooks.onMetrics(report.line);
      case "checkpoint":
        return hooks.onCheckpoint(report.folder);
      case "evaluation":
        return await hooks.onEvaluation();
      case "finished":
        worker.ended = true;
        if (worker.rank === 0) this.state = report.state;
        return;
      case "interrupted":
        worker.ended = this.interrupted = true;
        return;
      case "failed":
        return this.fail(worker, "failed", report);
    }
  }

  /** Asks to save and end; who has only begun to look at the data has nothing to save. */
  private stop(): void {
    if (this.deciding) return this.outcome.resolve({ type: "interrupted" });
    this.workers[0].send({ type: "stop" });
  }

  private left(worker: WorkerHandle, { signal, code, lost }: Gone): void {
    if (!worker.ended && !this.failures.some((failure) => failure.worker === worker)) {
      this.fail(
        worker,
        lost ?? (signal ? `was killed by ${signal}` : `ended with exit code ${code}`),
      );
    }
    worker.ended = true;
    if (!this.workers.every(({ ended }) => ended)) return;
    if (this.failures.length > 0) this.settle();
    else if (this.interrupted) this.outcome.resolve({ type: "interrupted" });
    else this.outcome.resolve({ type: "finished", state: this.state! });
  }

  private fail(
    worker: WorkerHandle,
    what: string,
    error?: Extract<Report, { type: "failed" }>,
  ): void {
    this.failures.push({ worker, what, error, updates: worker.updates });
    this.grace ??= setTimeout(() => this.settle(), GRACE_MS);
  }

  private settle(): void {
    this.outcome.resolve({ type: "failed", failure: rootOf(this.failures) });
  }
}
