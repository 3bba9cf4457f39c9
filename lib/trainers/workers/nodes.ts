/**
 * The other machines of a run, as its supervisor has them: they join, and start workers when they are told to.
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import { namedSettings } from "@/lib/trainers/run-folder.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import type { Job, Report } from "@/lib/trainers/workers/messages.ts";
import { NodeLink } from "@/lib/trainers/workers/node-link.ts";
import type { FromNode, RunEnd, ToNode } from "@/lib/trainers/workers/node-messages.ts";
import { RemoteWorker } from "@/lib/trainers/workers/remote-worker.ts";
import type { WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";

type Link = NodeLink<FromNode, ToNode>;

interface Node {
  link: Link;
  host: string;
  /** Those it has started since the last attempt, by rank. */
  workers: Map<number, RemoteWorker>;
}

/** Settings that have to be the same on every machine, under the names of the command line. */
export function sharedSettings(settings: TrainSettings): Record<string, unknown> {
  const { node_rank: _, ...shared } = namedSettings(settings);
  return shared;
}

/** Where the supervisor listens, as both sides read it from the settings. */
export const meetingPlace = ({ masterAddr, fsdpPort }: TrainSettings) => ({
  hostname: masterAddr!,
  port: fsdpPort!,
});

/** A host as part of an address with a port. */
const inAddress = (host: string) => host.includes(":") ? `[${host}]` : host;

/** Machines that take part, and those that are still to come. */
export class Nodes {
  /** Aborted when one of them asks for the end. */
  readonly stopped: AbortSignal;
  private readonly stop = new AbortController();
  private readonly listener: Deno.TcpListener;
  private readonly links = new Set<Link>();
  private readonly joined = new Map<number, Node>();
  private onJoined: (() => void) | null = null;

  /**
   * Listens for them.
   * @throws InputError where `master_addr` and `master_port` are not this machine's, or taken
   */
  constructor(private readonly settings: TrainSettings, private readonly log: (l: string) => void) {
    const place = meetingPlace(settings);
    try {
      this.listener = Deno.listen(place);
    } catch (error) {
      throw new InputError(
        `node 0 cannot listen at ${place.hostname}:${place.port} (${
          (error as Error).message
        }); master_addr= has to be an address of this machine, and master_port= free.`,
      );
    }
    this.stopped = this.stop.signal;
    this.accept();
  }

  /**
   * Waits until all have joined.
   * @throws OperationError when some have not after `hang_timeout` seconds
   */
  async ready(signal: AbortSignal): Promise<void> {
    const { nnodes, hangTimeout, masterAddr, fsdpPort } = this.settings;
    const missing = () =>
      Array.from({ length: nnodes - 1 }, (_, i) => i + 1).filter((node) => !this.isHere(node));
    const late = AbortSignal.timeout(hangTimeout * 1000), either = AbortSignal.any([signal, late]);
    let told = false;
    while (missing().length > 0) {
      signal.throwIfAborted();
      if (late.aborted) {
        throw new OperationError(
          `node ${
            missing().join(", ")
          } of ${nnodes} did not join at ${masterAddr}:${fsdpPort} within ` +
            `hang_timeout=${hangTimeout} seconds; start the same command there with its node_rank=.`,
        );
      }
      if (!told) this.log(`waiting at ${masterAddr}:${fsdpPort} for node ${missing().join(", ")}`);
      told = true;
      await new Promise<void>((resolve) => {
        this.onJoined = resolve;
        either.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    for (const { workers } of this.joined.values()) workers.clear();
  }

  /** Where each worker's server listens, by rank: one port after the supervisor's for each. */
  addresses(): string[] {
    const { nnodes, devices, masterAddr, fsdpPort } = this.settings;
    return Array.from({ length: nnodes * devices! }, (_, rank) => {
      const node = this.nodeOf(rank), host = node === 0 ? masterAddr! : this.joined.get(node)!.host;
      return `${inAddress(host)}:${fsdpPort! + 1 + rank}`;
    });
  }

  private isHere(node: number): boolean {
    return this.joined.get(node)?.link.open ?? false;
  }

  /** The machine that a worker is on. */
  private nodeOf(rank: number): number {
    return Math.floor(rank / this.settings.devices!);
  }

  /** Starts a worker on its machine; null where that is this one. */
  start(
    job: Job,
    onReport: (worker: WorkerHandle, report: Report) => Promise<void> | void,
  ): RemoteWorker | null {
    const rank = this.nodeOf(job.rank);
    if (rank === 0) return null;
    // A node that has been lost since it joined gives a worker that is lost.
    const { link, workers } = this.joined.get(rank)!;
    const worker = new RemoteWorker(job, link, rank, onReport);
    workers.set(job.rank, worker);
    return worker;
  }

  /** Tells all how the run ended, and lets them go. */
  async end(end: RunEnd): Promise<void> {
    this.listener.close();
    for (const { link } of this.joined.values()) if (link.open) link.send({ type: "end", end });
    await Promise.allSettled([...this.links].map((link) => link.finish()));
  }

  private async accept(): Promise<void> {
    try {
      for await (const connection of this.listener) {
        const link: Link = new NodeLink(connection, (message, from) => this.take(message, from));
        this.links.add(link);
        link.closed.catch((error) => this.log(`a node was cut off: ${error.message}`))
          .finally(() => this.links.delete(link));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  private async take(message: FromNode, link: Link): Promise<void> {
    switch (message.type) {
      case "join":
        return this.join(message, link);
      case "stop":
        return this.stop.abort(new DOMException("Interrupted.", "AbortError"));
      default: {
        const node = [...this.joined.values()].find((node) => node.link === link);
        await node?.workers.get(message.rank)?.take(message);
      }
    }
  }

  private join({ node, host, settings }: Extract<FromNode, { type: "join" }>, link: Link): void {
    const own = sharedSettings(this.settings);
    const differing = [...new Set([...Object.keys(own), ...Object.keys(settings)])].filter((key) =>
      JSON.stringify(own[key]) !== JSON.stringify(settings[key])
    );
    const reason = differing.length > 0
      ? `its settings are not node 0's: ${
        differing.map((key) =>
          `${key}=${JSON.stringify(settings[key])}, there ${JSON.stringify(own[key])}`
        ).join("; ")
      }`
      : this.isHere(node)
      ? `another node has node_rank=${node} already`
      : null;
    if (reason) {
      link.send({ type: "refused", reason });
      // Said here when it was said there: who reads it here may end this process.
      const told = () => this.log(`node ${node} may not join: ${reason}`);
      link.finish().then(told, told);
      return;
    }
    this.joined.set(node, { link, host, workers: new Map() });
    this.log(`node ${node} has joined from ${host}`);
    this.onJoined?.();
  }
}
