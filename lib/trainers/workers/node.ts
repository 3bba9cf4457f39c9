/**
 * One of the other machines of a run: it joins the supervisor on the first one, and starts workers as that says.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { TrainerState } from "@/lib/trainers/checkpoint.ts";
import { downloadForWorkers } from "@/lib/trainers/download.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";
import { errorNamed } from "@/lib/trainers/workers/failure.ts";
import { visibleGpus, withDevices, workerEnvironment } from "@/lib/trainers/workers/gpus.ts";
import { NodeLink } from "@/lib/trainers/workers/node-link.ts";
import type { FromNode, RunEnd, ToNode } from "@/lib/trainers/workers/node-messages.ts";
import { meetingPlace, sharedSettings } from "@/lib/trainers/workers/nodes.ts";
import { WorkerProcess } from "@/lib/trainers/workers/worker-process.ts";

const RETRY_MS = 1000;

/**
 * Takes part in a run until it ends. A lost connection ends the workers here; the node then joins again, for the
 * supervisor starts all of them from the last checkpoint.
 *
 * @param asked with `nodeRank` over 0
 * @returns how the run ended; its folder is the first machine's
 * @throws InputError when the settings are not those of the first machine
 * @throws OperationError when that is not reached within `hang_timeout` seconds, or the run failed
 * @throws DOMException `AbortError` when the run was interrupted
 */
export async function joinRun(
  asked: TrainSettings,
  hooks: Pick<TrainHooks, "signal" | "log" | "onDownload">,
): Promise<{ state: TrainerState; folder: string }> {
  const { signal, log } = hooks, settings = withDevices(asked);
  await downloadForWorkers(settings, hooks);
  for (;;) {
    const connection = await connect(settings, signal, log);
    log(`taking part in the run of node 0 at ${settings.masterAddr}, which shows how it goes`);
    const outcome = await new NodeSession(settings, connection, signal).run();
    if (!outcome) {
      log("the connection to node 0 was lost; its workers here were ended");
      signal.throwIfAborted();
      continue;
    }
    if (outcome.how === "finished") return { state: outcome.state, folder: outcome.folder };
    if (outcome.how === "interrupted") throw new DOMException("Interrupted.", "AbortError");
    throw errorNamed(outcome.name, `the run ended on node 0: ${outcome.message}`);
  }
}

async function connect(
  settings: TrainSettings,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<Deno.TcpConn> {
  const place = meetingPlace(settings), at = `${place.hostname}:${place.port}`;
  const until = performance.now() + settings.hangTimeout * 1000;
  for (let told = false;; told = true) {
    signal.throwIfAborted();
    try {
      return await Deno.connect(place);
    } catch (error) {
      const { message } = error as Error;
      if (performance.now() >= until) {
        throw new OperationError(
          `node 0 was not reached at ${at} within hang_timeout=${settings.hangTimeout} seconds (${message}); ` +
            "start the same command there with node_rank=0, and see that the port is open.",
        );
      }
      if (!told) log(`waiting for node 0 at ${at}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** One connection to the supervisor, and the workers that it asked for. */
class NodeSession {
  private readonly workers = new Map<number, WorkerProcess>();
  private readonly link: NodeLink<ToNode, FromNode>;
  private readonly gpus = visibleGpus();
  private outcome: RunEnd | null = null;
  private refusal: string | null = null;

  constructor(
    private readonly settings: TrainSettings,
    connection: Deno.TcpConn,
    private readonly signal: AbortSignal,
  ) {
    this.link = new NodeLink(connection, (message) => this.take(message));
    this.link.send({
      type: "join",
      node: settings.nodeRank,
      host: (connection.localAddr as Deno.NetAddr).hostname,
      settings: sharedSettings(settings),
    });
  }

  /** @returns how the run ended; null where the connection was lost before. No worker is left. */
  async run(): Promise<RunEnd | null> {
    const onAbort = () => this.link.send({ type: "stop" });
    this.signal.addEventListener("abort", onAbort);
    try {
      await this.link.closed;
    } finally {
      this.signal.removeEventListener("abort", onAbort);
      this.link.close();
      for (const worker of this.workers.values()) worker.kill();
      await Promise.allSettled([...this.workers.values()].map(({ gone }) => gone));
    }
    if (this.refusal) throw new InputError(`node 0 does not take this node: ${this.refusal}.`);
    return this.outcome;
  }

  private take(message: ToNode): void {
    switch (message.type) {
      case "start": {
        const { job } = message, env = workerEnvironment(this.gpus, job.rank, this.settings);
        const worker = new WorkerProcess(
          job,
          [],
          env,
          ({ rank }, report) => this.link.send({ type: "report", rank, report }),
        );
        this.workers.set(job.rank, worker);
        worker.gone.then(({ signal, code }) =>
          this.link.send({
            type: "gone",
            rank: worker.rank,
            gone: { signal, code },
            lastWords: worker.lastWords,
          })
        );
        return;
      }
      case "command":
        return this.workers.get(message.rank)?.send(message.command);
      case "kill":
        return this.workers.get(message.rank)?.kill();
      case "refused":
        this.refusal = message.reason;
        return;
      case "end":
        this.outcome = message.end;
    }
  }
}
