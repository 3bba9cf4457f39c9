/**
 * A program under measurement: its lines of JSON with the time they came at, what it used, how long it took.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import { type Usage, usageOf } from "@/lib/bench/process-tree.ts";
import { TextLineStream } from "@/lib/setup/lines.ts";

/** One line of JSON that the program wrote, seconds after its start, and its CPU time up to then. */
export interface MeasuredLine {
  value: Record<string, unknown>;
  seconds: number;
  /** Undefined where there is no /proc. */
  cpuSeconds?: number;
}

/** How a program ran. */
export interface Measured {
  lines: MeasuredLine[];
  wallSeconds: number;
  /** Of the whole process tree; undefined where there is no /proc. */
  usage?: Usage;
}

export interface MeasureOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Folder it runs in; this process's own where it is not given. */
  cwd?: string;
  signal?: AbortSignal;
  onLine?: (line: MeasuredLine) => void;
  /** Whether a line is the last that is wanted; the program is then ended, and that counts as success. */
  isLast?: (line: MeasuredLine) => boolean;
}

/** Memory is a high-water mark of each process, so that looking seldom misses little. */
const SAMPLE_MS = 500;
const TAIL_LINES = 12;

/**
 * Runs a program to its end, or to the last line that is wanted. Nothing it does is worth saving, so an abort kills it.
 *
 * @throws {OperationError} it ended with another exit code than 0; holds the last lines of its stderr
 * @throws the reason of `signal`
 */
export async function measureProcess(
  command: string,
  args: string[],
  { env, cwd, signal, onLine, isLast }: MeasureOptions = {},
): Promise<Measured> {
  signal?.throwIfAborted();
  const start = performance.now();
  const child = new Deno.Command(command, {
    args,
    cwd,
    // Settings in the benchmark's environment are not meant for what it measures.
    clearEnv: true,
    env: {
      ...Object.fromEntries(
        Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("CODEPREF_")),
      ),
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // Out of reach of the terminal's Ctrl-C, which comes by way of `signal`.
    detached: true,
  }).spawn();
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself in the meantime.
    }
  };
  signal?.addEventListener("abort", kill);

  let usage: Usage | undefined, enough = false;
  const look = () => {
    const now = usageOf(child.pid);
    if (!now) return;
    usage = {
      cpuSeconds: Math.max(now.cpuSeconds, usage?.cpuSeconds ?? 0),
      peakBytes: Math.max(now.peakBytes, usage?.peakBytes ?? 0),
    };
  };
  const timer = setInterval(look, SAMPLE_MS);
  const lines: MeasuredLine[] = [], tail: string[] = [];
  const follow = async (
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onText: (t: string) => void,
  ) => {
    for await (
      const text of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    ) onText(text);
  };
  try {
    const [status] = await Promise.all([
      child.status,
      follow(child.stdout, (text) => {
        if (enough) return;
        // Python's dictionaries begin with a brace too.
        if (!text.startsWith('{"')) return;
        look();
        const line = {
          value: JSON.parse(text),
          seconds: (performance.now() - start) / 1000,
          cpuSeconds: usage?.cpuSeconds,
        };
        lines.push(line);
        onLine?.(line);
        enough = isLast?.(line) ?? false;
        if (enough) kill();
      }),
      follow(child.stderr, (text) => {
        tail.push(text);
        if (tail.length > TAIL_LINES) tail.shift();
      }),
    ]);
    const wallSeconds = (performance.now() - start) / 1000;
    signal?.throwIfAborted();
    if (!status.success && !enough) {
      throw new OperationError(
        `${command} ${args[0]} … ended with exit code ${status.code}:\n${tail.join("\n")}`,
      );
    }
    return { lines, wallSeconds, usage };
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", kill);
    kill();
  }
}
