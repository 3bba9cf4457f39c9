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
  /** Kills it and its model's process, as a machine's crash does. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the server and waits until it listens.
 *
 * @param program Ollama's executable
 * @param folder for models and its home
 * @param port where it listens; default a free one
 */
export async function startOllama(
  program: string,
  folder: string,
  port = freePorts(1)[0],
): Promise<RealOllama> {
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
    async kill() {
      const all = [child.pid, ...await childrenOf(child.pid)];
      all.forEach((pid) => Deno.kill(pid, "SIGKILL"));
      await child.status;
      await drained;
    },
    async close() {
      child.kill("SIGTERM");
      await child.status;
      await drained;
    },
  };
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid="] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent).map(([pid]) => pid);
}

/** Makes a model of a GGUF file at the server; it runs on one thread, which on a busy machine does not wait for another. */
export async function createModel(
  program: string,
  folder: string,
  host: string,
  name: string,
  gguf: string,
): Promise<void> {
  const modelfile = join(folder, "Modelfile");
  await Deno.writeTextFile(modelfile, `FROM ${gguf}\nPARAMETER num_thread 1\n`);
  const { success } = await new Deno.Command(program, {
    args: ["create", name, "-f", modelfile],
    env: { OLLAMA_HOST: host, HOME: folder, PATH: Deno.env.get("PATH") ?? "" },
    clearEnv: true,
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`ollama create ${name} failed`);
}
