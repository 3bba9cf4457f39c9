/**
 * A supervisor's side of one worker.
 *
 * @module
 */
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import type { Phase } from "@/lib/trainers/train-input.ts";
import type { Command, Job, Report } from "@/lib/trainers/workers/messages.ts";
import type { WorkerHandle } from "@/lib/trainers/workers/worker-handle.ts";

const ENTRY = fromFileUrl(new URL("./main.ts", import.meta.url));
/** What is kept of what a worker says on stderr. */
const STDERR_LINES = 20;

/** A process of its own. It ends when this process does, or at its stdin's end. */
export class WorkerProcess implements WorkerHandle {
  readonly rank: number;
  phase: Phase = "loading";
  updates = 0;
  ended = false;
  readonly gone: Promise<Deno.CommandStatus>;
  private readonly process: Deno.ChildProcess;
  private readonly commands: WritableStreamDefaultWriter<Uint8Array>;
  private readonly stderr: string[] = [];

  /**
   * @param prefix words before the command
   * @param onReport told one report after the other
   */
  constructor(
    job: Job,
    prefix: string[],
    env: Record<string, string>,
    onReport: (worker: WorkerProcess, report: Report) => Promise<void> | void,
  ) {
    this.rank = job.rank;
    const [program, ...args] = [...prefix, Deno.execPath(), "run", "--allow-all", "--quiet", ENTRY];
    this.process = new Deno.Command(program, {
      args,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Ctrl-C is for the supervisor, which asks the workers to save.
      detached: true,
    }).spawn();
    this.commands = this.process.stdin.getWriter();
    this.send({ type: "job", job });
    const heard = Promise.all([
      eachLine(this.process.stdout, async (line) => {
        const report = parsed(line);
        if (report) await onReport(this, report);
        else this.keep(line);
      }),
      eachLine(this.process.stderr, (line) => this.keep(line)),
    ]);
    const { status } = this.process;
    this.gone = heard.then(() => status);
  }

  get pid(): number {
    return this.process.pid;
  }

  get lastWords(): string[] {
    return this.stderr.map((line) => `[worker ${this.rank}] ${line}`);
  }

  send(command: Command): void {
    // A worker that has gone is noticed by its end.
    this.commands.write(new TextEncoder().encode(JSON.stringify(command) + "\n")).catch(() => {});
  }

  kill(): void {
    this.commands.abort().catch(() => {});
    try {
      this.process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  private keep(line: string): void {
    this.stderr.push(line);
    if (this.stderr.length > STDERR_LINES) this.stderr.shift();
  }
}

/** A report; null for what a library prints. */
function parsed(line: string): Report | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.type === "string" ? report : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => Promise<void> | void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await take(line);
  }
  if (rest) await take(rest);
}
