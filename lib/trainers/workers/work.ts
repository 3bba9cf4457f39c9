/**
 * What one worker does: its part of a run. The first one opens model and data, checks and describes them and decides
 * what is left open; the others do as it decided.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { type TrainerState, verifyCheckpoint } from "@/lib/trainers/checkpoint.ts";
import { decide, type Decisions } from "@/lib/trainers/decide.ts";
import { fingerprint, prepare, type Prepared } from "@/lib/trainers/prepare.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";
import { replicatedAdapters } from "@/lib/trainers/replicated-adapters.ts";
import { Sharding } from "@/lib/trainers/sharding.ts";
import { checkDivisible, TensorParallel } from "@/lib/trainers/tensor-parallel.ts";
import { useThreads } from "@/lib/trainers/threads.ts";
import type { TrainHooks } from "@/lib/trainers/train-input.ts";
import { Trainer } from "@/lib/trainers/trainer.ts";
import { raiseLoopback } from "@/lib/trainers/workers/loopback.ts";
import type { Channel } from "@/lib/trainers/workers/channel.ts";
import type { Job } from "@/lib/trainers/workers/messages.ts";

/**
 * @returns where the run ended
 * @throws DOMException `AbortError` after the supervisor's `stop`, when everything is saved
 */
export async function work(job: Job, channel: Channel): Promise<TrainerState> {
  const { rank, world, settings } = job;
  const log = (line: string) => channel.send({ type: "log", line });
  const prepared = await prepare(settings, job.describes && rank === 0 ? log : null);
  try {
    const inTensors = settings.trainer === "TensorParallelTrainer";
    if (inTensors) checkDivisible(prepared.source.config, world);
    const decisions = job.decisions
      ? follow(job, job.decisions, prepared)
      : await lead(job, prepared, channel, log);
    if (decisions.state?.finished) return decisions.state;
    const shapes = shapesOf(prepared);
    const spread = inTensors
      ? new TensorParallel(shapes, rank, world)
      : new Sharding(shapes, rank, world);
    const parallelism: Parallelism = settings.lora ? replicatedAdapters(spread) : spread;
    const trainer = new Trainer(
      { ...prepared, ...decisions, settings, parallelism },
      hooks(channel, rank, log),
    );
    return await trainer.run();
  } finally {
    prepared.source.close();
  }
}

const shapesOf = ({ source }: Prepared) =>
  new Map(source.tensorNames.map((name) => [name, source.shape(name)]));

async function lead(
  { world, settings, freshNetwork, addresses: settled }: Job,
  prepared: Prepared,
  channel: Channel,
  log: (line: string) => void,
): Promise<Decisions> {
  channel.send({ type: "prepared" });
  const { path, checkpoint } = await channel.next("folder");
  if (freshNetwork) raiseLoopback();
  const addresses = settled ?? (world > 1 ? localAddresses(world, settings.fsdpPort) : null);
  const state = checkpoint ? await verifyCheckpoint(checkpoint) : null;
  const threads = useThreads(state?.threads ?? null, {
    processes: settings.devices!,
    cluster: addresses && { addresses, rank: 0 },
  });
  const run = { path, checkpoint, state, addresses, threads };
  const decisions = await decide(settings, prepared, run, log);
  channel.send({ type: "decided", decisions });
  return decisions;
}

function follow({ rank, settings }: Job, decisions: Decisions, prepared: Prepared): Decisions {
  if (fingerprint(prepared) !== decisions.fingerprint) {
    throw new InputError(
      `Worker ${rank} finds another model or other data than worker 0; nobody may change them while a run starts.`,
    );
  }
  const { addresses, threads } = decisions;
  useThreads(threads, { processes: settings.devices!, cluster: addresses && { addresses, rank } });
  return decisions;
}

/** Where the workers' servers listen: from a port on, or at ports that are free now. */
function localAddresses(world: number, first: number | null): string[] {
  if (first !== null) {
    return Array.from({ length: world }, (_, rank) => `localhost:${first + rank}`);
  }
  const listeners = Array.from({ length: world }, () => Deno.listen({ port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  listeners.forEach((listener) => listener.close());
  return ports.map((port) => `localhost:${port}`);
}

/** The first worker tells how things go, the others where they are. */
function hooks(channel: Channel, rank: number, log: (line: string) => void) {
  const first = rank === 0;
  const tell = (report: Parameters<Channel["send"]>[0]) => first && channel.send(report);
  return {
    signal: channel.signal,
    log: (line: string) => first && log(line),
    onStart: () => {},
    onProgress: (done: number, total: number, note?: string) =>
      tell({ type: "progress", done, total, note }),
    onMetrics: (line) => tell({ type: "metrics", line }),
    onCheckpoint: (folder) => tell({ type: "checkpoint", folder }),
    onEvaluation: () => {
      tell({ type: "evaluation" });
      return Promise.resolve();
    },
    onPhase: (phase, updates) => channel.send({ type: "phase", phase, updates }),
  } satisfies TrainHooks;
}
