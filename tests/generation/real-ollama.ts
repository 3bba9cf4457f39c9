/**
 * An Ollama server of the tests' own, with models in a folder of its own.
 *
 * @module
 */
import { join } from "node:path";
import { freePorts } from "@/tests/free-ports.ts";

export interface RealOllama {
  host: string;
  /** Its models folder, as OLLAMA_MODELS names it. */
  models: string;
  close(): Promise<void>;
}

/**
 * Starts the server and waits until it listens.
 *
 * @param program Ollama's executable
 * @param folder for models and its home
 */
export async function startOllama(program: string, folder: string): Promise<RealOllama> {
  const [port] = freePorts(1);
  const models = join(folder, "ollama-models");
  const child = new Deno.Command(program, {
    args: ["serve"],
    env: {
      OLLAMA_HOST: `127.0.0.1:${port}`,
      OLLAMA_MODELS: models,
      OLLAMA_NUM_PARALLEL: "1",
      HOME: folder,
      PATH: Deno.env.get("PATH") ?? "",
    },
    clearEnv: true,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const listening = Promise.withResolvers<void>();
  const drained = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write: (text) => text.includes("Listening on") ? listening.resolve() : undefined,
      close: () => listening.reject(new Error("the server ended")),
    }),
  );
  await listening.promise;
  return {
    host: `http://127.0.0.1:${port}`,
    models,
    async close() {
      child.kill("SIGTERM");
      await child.status;
      await drained;
    },
  };
}
