/** `deno task label` as a process of its own. */
import { TOKEN } from "@/tests/web/client.ts";

/** A server that runs. */
export interface Server extends AsyncDisposable {
  origin: string;
  url: string;
  kill(signal: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** The command, with settings. */
export function labelCommand(args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "lib/cli/label.ts", ...args],
    stdout: "piped",
    stderr: "piped",
  });
}

/** Starts a server and waits until it serves. */
export async function startServer(args: string[]): Promise<Server> {
  const child = labelCommand([...args, `token=${TOKEN}`, "json=true"]).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let value: string | undefined;
  // The result is one short line, written at once; the real Fresh says something before it.
  do ({ value } = await lines.read()); while (value && !value.startsWith("{"));
  const errors = new Response(child.stderr).text();
  if (!value) throw new Error(`The server did not start: ${await errors}`);
  const kill = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      // Gone already.
      if (!(error instanceof TypeError)) throw error;
    }
    await lines.cancel();
    await errors;
    return await child.status;
  };
  return {
    ...JSON.parse(value),
    kill,
    [Symbol.asyncDispose]: async () => void await kill("SIGKILL"),
  };
}
