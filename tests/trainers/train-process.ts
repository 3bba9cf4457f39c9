/**
 * `deno task train` as users run it: a process of its own.
 *
 * @module
 */
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

/** So that no test writes into the database of whoever runs it. */
const NO_DATABASE = "no-such-database.duckdb";
const ENTRY = fromFileUrl(new URL("../../lib/cli/train.ts", import.meta.url));

/** A finished training process. */
export interface Finished {
  code: number;
  signal: string | null;
  stderr: string;
  /** Lines of JSON from stdout. */
  results: Record<string, unknown>[];
}

/** What a process was seen to do: a result, a line on stderr, or a file of the watched folder that appeared. */
export interface Seen {
  result?: Record<string, unknown>;
  line?: string;
  file?: string;
  /** The process that did it. */
  pid: number;
}

/**
 * Trains with `json=true`, and without samples unless the settings say so.
 * @param killWhen the process is killed with SIGKILL as soon as what it is seen to do satisfies it
 * @param watched a folder that is there already, whose files are watched
 */
export async function trainProcess(
  settings: Record<string, string | number | boolean>,
  killWhen: (seen: Seen) => boolean = () => false,
  watched?: string,
): Promise<Finished> {
  const watcher = watched === undefined ? null : Deno.watchFs(watched, { recursive: false });
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--quiet", ENTRY],
      ...Object.entries({ sample_during_eval: false, db: NO_DATABASE, ...settings, json: true })
        .map((
          [key, value],
        ) => `${key}=${value}`),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const results: Record<string, unknown>[] = [];
  let stderr = "", killed = false;
  const check = (seen: Omit<Seen, "pid">) => {
    if (killed || !killWhen({ ...seen, pid: child.pid })) return;
    killed = true;
    child.kill("SIGKILL");
  };
  const watching = (async () => {
    for await (const { paths } of watcher ?? []) paths.forEach((file) => check({ file }));
  })();
  await Promise.all([
    eachLine(child.stdout, (line) => {
      const result = JSON.parse(line);
      results.push(result);
      check({ result });
    }),
    eachLine(child.stderr, (line) => {
      stderr += line + "\n";
      check({ line });
    }),
  ]);
  const { code, signal } = await child.status;
  watcher?.close();
  await watching;
  return { code, signal, stderr, results };
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(
      new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
    )
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  }
}
