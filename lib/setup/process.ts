/**
 * Programs of others, run with their output followed line by line.
 *
 * @module
 */
import { TextLineStream } from "@/lib/setup/lines.ts";

/** How a program ended. */
export interface Ended {
  /** The exit code, 127 when the program does not exist. */
  code: number;
  /** The last lines of stdout and stderr together. */
  tail: string[];
}

export interface ToolOptions {
  onLine?: (line: string) => void;
  signal?: AbortSignal;
  /** Added to the environment. */
  env?: Record<string, string>;
}

const TAIL_LINES = 200;

/**
 * Runs a program to its end.
 *
 * @throws the reason of `signal` when it is aborted; the program has ended by then
 */
export async function runTool(
  command: string,
  args: string[],
  options: ToolOptions = {},
): Promise<Ended> {
  options.signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: options.env,
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return { code: 127, tail: [`${command} cannot be run`] };
    }
    throw error;
  }
  const onAbort = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended by itself in the meantime.
    }
  };
  options.signal?.addEventListener("abort", onAbort);
  const tail: string[] = [];
  const follow = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (
      const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    ) {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line);
    }
  };
  try {
    const [{ code }] = await Promise.all([
      child.status,
      follow(child.stdout),
      follow(child.stderr),
    ]);
    options.signal?.throwIfAborted();
    return { code, tail };
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}
