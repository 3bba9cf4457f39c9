/**
 * Metrics as an offline run of Weights & Biases, written by its own Python package.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { ensureWandb } from "@/lib/setup/wandb.ts";
import type { MetricsLine } from "@/lib/trainers/metrics.ts";

/** Whose runs they are. */
export interface WandbProject {
  entity: string | null;
  project: string;
}

/** Characters of Python's last words that are told when it fails. */
const TOLD = 300;

/** Python, and what is on its way to it. */
interface Recorder {
  lines: WritableStreamDefaultWriter<Uint8Array>;
  /** Settles when it has ended; with what it said where it failed. */
  ended: Promise<string | null>;
}

/**
 * Writes what a training run measures into `wandb/` of its folder: one offline run, whole also after an interruption,
 * since one that goes on is written anew from the metrics that were kept. That it fails is told once, and does not
 * stop the training.
 */
export class WandbRun {
  private recorder: Recorder | null = null;
  /** What is being done, one after the other. */
  private done: Promise<void> = Promise.resolve();
  private examples = Infinity;

  private constructor(
    private readonly python: string,
    private readonly project: WandbProject,
    private readonly log: (line: string) => void,
  ) {}

  /**
   * Installs the package on the first use.
   * @throws OperationError when it cannot be installed
   */
  static async open(
    project: WandbProject,
    onProgress: OnProgress,
    signal: AbortSignal,
    log: (line: string) => void,
  ): Promise<WandbRun> {
    return new WandbRun(await ensureWandb(onProgress, signal), project, log);
  }

  /**
   * @param folder the training run's
   * @param line what its metrics.jsonl ends with
   */
  write(folder: string, line: MetricsLine): void {
    // At the first line, and where training has gone back to a checkpoint, with all lines that there are.
    const begins = line.examples < this.examples;
    const text = begins
      ? Deno.readTextFileSync(join(folder, "metrics.jsonl"))
      : JSON.stringify(line) + "\n";
    this.examples = line.examples;
    this.done = this.done.then(async () => {
      if (begins) await this.begin(folder);
      await this.send(text);
    });
  }

  /** Returns when all is written. */
  async close(): Promise<void> {
    await this.done;
    await this.end();
  }

  private async begin(folder: string): Promise<void> {
    await this.end();
    await Deno.remove(join(folder, "wandb"), { recursive: true }).catch(unlessMissing);
    const { stdin, stderr, status } = new Deno.Command(this.python, {
      args: [join(import.meta.dirname!, "python", "wandb_run.py")],
      env: { WANDB_SILENT: "true", WANDB_ERROR_REPORTING: "false" },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
      // Out of reach of the terminal's Ctrl-C: it ends with its last line.
      detached: true,
    }).spawn();
    const said = new Response(stderr).text();
    this.recorder = {
      lines: stdin.getWriter(),
      ended: status.then(async ({ success }) => success ? null : (await said).trim().slice(-TOLD)),
    };
    const config = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
    const first = {
      dir: folder,
      id: basename(folder).replace(/[^A-Za-z0-9_-]/g, "-"),
      name: config.exp_name,
      config: config.settings,
      ...this.project,
    };
    await this.send(JSON.stringify(first) + "\n");
  }

  private async send(text: string): Promise<void> {
    // Why it takes no more is told at the end.
    await this.recorder?.lines.write(new TextEncoder().encode(text)).catch(() => {});
  }

  private async end(): Promise<void> {
    if (!this.recorder) return;
    const { lines, ended } = this.recorder;
    this.recorder = null;
    await lines.close().catch(() => {});
    const error = await ended;
    if (error === null) return;
    this.log(`Weights & Biases: ${error}; metrics.jsonl and tensorboard/ have all there is`);
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
