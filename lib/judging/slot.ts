/**
 * One judging slot: a Python supervisor that takes one job at a time (see `python/supervisor.py`).
 *
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { Limits } from "@/lib/judging/limits.ts";
import { levelAround, type Sandbox, supervisorCommand } from "@/lib/judging/sandbox.ts";

const ANSWER_LIMIT = 16 * 2 ** 20;
/** What a job may take longer than its limit before the whole slot is ended. */
const GRACE_SECONDS = 10;
const START_SECONDS = 30;

/** A supervisor process. Jobs must not overlap; {@link JudgePool} sees to that. */
export class Slot {
  #child: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array(0);
  /** What really keeps candidates away from the machine. */
  isolation = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.getReader();
  }

  /**
   * Starts a supervisor.
   * @param number distinct among the slots of this machine that run at one time
   * @throws InputError when this system does not offer the sandbox
   * @throws OperationError when the supervisor does not start
   */
  static async start(number: number, limits: Limits, sandbox: Sandbox): Promise<Slot> {
    const { memory_bytes, processes, job_seconds } = limits;
    const settings = { slot: number, sandbox, limits: { memory_bytes, processes, job_seconds } };
    const slot = new Slot(spawn(supervisorCommand(settings)));
    try {
      const hello = await slot.#answer(START_SECONDS) as { isolation: string } | {
        refused: string;
      };
      if ("refused" in hello) throw new InputError(refusal(hello.refused, sandbox));
      slot.isolation = levelAround(hello.isolation, sandbox);
      return slot;
    } catch (error) {
      await slot.close();
      throw error;
    }
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
    // A supervisor that has ended tells so when its answer is read.
    this.#writer.write(message).catch(() => {});
    return await this.#answer(seconds + GRACE_SECONDS);
  }

  /** Ends the supervisor and whatever it started. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
    await this.#child.status;
  }

  async #answer(seconds: number): Promise<unknown> {
    const timer = setTimeout(() => this.#kill(), seconds * 1000);
    try {
      const length = new DataView((await this.#read(4)).buffer).getUint32(0);
      if (length > ANSWER_LIMIT) throw new Error(`an answer of ${length} bytes`);
      return JSON.parse(new TextDecoder().decode(await this.#read(length)));
    } catch (error) {
      this.#kill();
      throw new OperationError(`the judging process failed (${(error as Error).message})`);
    } finally {
      clearTimeout(timer);
    }
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

function spawn(command: Deno.Command): Deno.ChildProcess {
  try {
    return command.spawn();
  } catch (error) {
    throw new OperationError(`no process to judge in can be started (${(error as Error).message})`);
  }
}

function refusal(reason: string, sandbox: Sandbox): string {
  return `Solutions cannot be run with sandbox=${sandbox}: ${reason}. sandbox=limits (or CODEPREF_SANDBOX=limits) ` +
    "runs them all the same; they can then read what you can read.";
}
