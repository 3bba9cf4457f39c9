/**
 * One judging slot: a Python supervisor that takes one job at a time (see `python/supervisor.py`).
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { pythonPath } from "@/lib/setup/paths.ts";

/** Limits of one judgement. Those per case hold for each test case alone. */
export interface Limits {
  /** CPU time of a case, in whole seconds. */
  cpu_seconds: number;
  /** Wall time of a case. */
  wall_seconds: number;
  /** Wall time of the whole judgement; CPU time of the judging process. */
  job_seconds: number;
  /** Address space of a case. */
  memory_bytes: number;
  /** The longest value that a candidate may return. */
  output_bytes: number;
  /** Processes and threads of a case, the first one included. */
  processes: number;
  open_files: number;
  /** The longest file that a candidate may write. */
  file_bytes: number;
}

/** Limits that a reasonable solution of the known question sets keeps well within. */
export const DEFAULT_LIMITS: Limits = {
  cpu_seconds: 5,
  wall_seconds: 15,
  job_seconds: 60,
  memory_bytes: 512 * 2 ** 20,
  output_bytes: 8 * 2 ** 20,
  processes: 4,
  open_files: 32,
  file_bytes: 2 ** 20,
};

const SUPERVISOR = join(import.meta.dirname!, "python", "supervisor.py");
const ANSWER_LIMIT = 16 * 2 ** 20;
/** What a job may take longer than its limit before the whole slot is ended. */
const GRACE_SECONDS = 5;

/** A supervisor process. Jobs must not overlap; {@link JudgePool} sees to that. */
export class Slot {
  #child: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array(0);

  private constructor(child: Deno.ChildProcess, readonly folder: string) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.getReader();
  }

  /**
   * Starts a supervisor.
   * @param number distinct among the slots of this machine that run at one time
   */
  static async start(number: number, jobSeconds: number): Promise<Slot> {
    const folder = await Deno.makeTempDir({ prefix: "codepref-judge-" });
    const child = new Deno.Command(pythonPath(), {
      args: ["-S", "-s", "-B", SUPERVISOR, `${number}`, folder, `${jobSeconds + GRACE_SECONDS}`],
      clearEnv: true,
      // The order of sets decides some answers; a verdict must not change from run to run.
      env: { PYTHONHASHSEED: "0" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    return new Slot(child, folder);
  }

  /**
   * Hands over one job and waits for the answer.
   * @throws OperationError when the supervisor ended or gave no answer in time
   */
  async ask(job: unknown, seconds: number): Promise<unknown> {
    const body = new TextEncoder().encode(JSON.stringify(job));
    const message = new Uint8Array(5 + body.length);
    message[0] = "j".charCodeAt(0);
    new DataView(message.buffer).setUint32(1, body.length);
    message.set(body, 5);
    const timer = setTimeout(() => this.#kill(), (seconds + 2 * GRACE_SECONDS) * 1000);
    try {
      await this.#writer.write(message);
      const length = new DataView((await this.#read(4)).buffer).getUint32(0);
      if (length > ANSWER_LIMIT) throw new Error(`an answer of ${length} bytes`);
      return JSON.parse(new TextDecoder().decode(await this.#read(length)));
    } catch (error) {
      this.#kill();
      throw new OperationError(`The judging process failed (${(error as Error).message}).`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the supervisor and whatever it started, and removes its folder. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
    await this.#child.status;
    await Deno.remove(this.folder, { recursive: true });
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // TypeError: it has ended already
    }
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#rest.length < length) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("it ended without an answer");
      const joined = new Uint8Array(this.#rest.length + value.length);
      joined.set(this.#rest);
      joined.set(value, this.#rest.length);
      this.#rest = joined;
    }
    const part = this.#rest.slice(0, length);
    this.#rest = this.#rest.slice(length);
    return part;
  }
}
