/**
 * A supervisor's side of a worker on another machine, whose node passes on what the two tell each other.
 *
 * @module
 */
import type { Phase } from "@/lib/trainers/train-input.ts";
import type { Command, Job, Report } from "@/lib/trainers/workers/messages.ts";
import type { NodeLink } from "@/lib/trainers/workers/node-link.ts";
import type { FromNode, ToNode } from "@/lib/trainers/workers/node-messages.ts";
import type { Gone, WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";

/** Its process is the node's: it ends when that ends, or loses the supervisor. */
export class RemoteWorker implements WorkerHandle {
  readonly rank: number;
  phase: Phase = "loading";
  updates = 0;
  ended = false;
  lastWords: string[] = [];
  readonly gone: Promise<Gone>;
  private readonly end = Promise.withResolvers<Gone>();

  constructor(
    job: Job,
    private readonly link: NodeLink<FromNode, ToNode>,
    node: number,
    private readonly onReport: (worker: WorkerHandle, report: Report) => Promise<void> | void,
  ) {
    this.rank = job.rank;
    this.gone = this.end.promise;
    link.send({ type: "start", job });
    const lost = () =>
      this.end.resolve({ signal: null, code: 1, lost: `was lost with node ${node}` });
    link.closed.then(lost, lost);
  }

  send(command: Command): void {
    this.link.send({ type: "command", rank: this.rank, command });
  }

  kill(): void {
    this.link.send({ type: "kill", rank: this.rank });
  }

  /** Passed on by the node. */
  async take(message: Extract<FromNode, { type: "report" | "gone" }>): Promise<void> {
    if (message.type === "report") return await this.onReport(this, message.report);
    this.lastWords = message.lastWords;
    this.end.resolve(message.gone);
  }
}
