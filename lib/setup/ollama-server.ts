/**
 * An Ollama server of our own, for tests against the real one.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** The newest version that builds from the Go proxy alone; later ones miss vendored headers there. */
export const OLLAMA_VERSION = "v0.6.5";

const FOLDER = join(PROJECT_ROOT, ".cache", "ollama");

/** Where {@link ensureOllamaServer} puts the program, if it is there already. */
export function ollamaServerPath(): string | undefined {
  const path = join(FOLDER, "ollama");
  return existsSync(path) ? path : undefined;
}

/**
 * The path of Ollama's program, built with Go (1 to 4 minutes, a C compiler needed) where it is missing.
 * @throws OperationError when there is no Go, or the build fails
 */
export async function ensureOllamaServer(): Promise<string> {
  const built = ollamaServerPath();
  if (built) return built;
  // A folder of its own per build: what lies at the final path is complete.
  const folder = join(FOLDER, `build-${crypto.randomUUID()}`);
  await Deno.mkdir(folder, { recursive: true });
  try {
    const { success, stderr } = await runGo(folder);
    if (!success) {
      const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
      throw new OperationError(`Ollama ${OLLAMA_VERSION} could not be built: ${reason}.`);
    }
    const path = join(FOLDER, "ollama");
    await Deno.rename(join(folder, "ollama"), path);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As {@link ensureOllamaServer}; where it cannot be built, says so and that its test is skipped. */
export async function ensureOllamaForTests(log: (line: string) => void): Promise<void> {
  if (!ollamaServerPath()) log(`Building Ollama ${OLLAMA_VERSION} for the tests (minutes) …`);
  try {
    await ensureOllamaServer();
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    log(`${error.message} The test against a real Ollama is skipped.`);
  }
}

async function runGo(folder: string): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("go", {
      args: ["install", `github.com/ollama/ollama@${OLLAMA_VERSION}`],
      env: { GOBIN: folder },
      stdout: "null",
      stderr: "piped",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new OperationError(
      "Ollama cannot be built: there is no Go (https://go.dev/dl) on the PATH.",
    );
  }
}
