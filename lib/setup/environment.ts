/**
 * Python environments beside `.venv`, for programs of others that we compare with. They are large, so they
 * are made when something asks for them and never by set-up.
 *
 * @module
 */
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { installSection } from "@/lib/setup/packages.ts";
import { ensureVenv } from "@/lib/setup/python.ts";
import { readSection, type SectionName } from "@/lib/setup/requirements.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** Holds the digest of the requirements that are installed; written last. */
const MARKER = "codepref-setup.json";

/**
 * Makes an environment with one section of the requirements, unless it is there. Safe to repeat after any
 * interruption; pip's own lock lets one process write at a time.
 *
 * @param venv the folder of the environment
 * @param onProgress about megabytes, and what is being done; silent when all is there
 * @returns the path of the environment's Python
 * @throws {OperationError} no Python, no network, no space, or what pip says
 */
export async function ensureEnvironment(
  venv: string,
  name: SectionName,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<string> {
  const section = await readSection(name);
  const python = join(venv, "bin", "python");
  if (await installed(venv) === section.digest) return python;
  const total = Math.round(1.3 * section.megabytes);
  onProgress(0, total, "looking for Python");
  await ensureVenv(venv, { signal, onNote: (note) => onProgress(0, total, note) });
  await installSection(venv, section, {
    signal,
    onStep: (done, note) => onProgress(done, total, note),
  });
  await writeFileWhole(join(venv, MARKER), JSON.stringify({ [name]: section.digest }) + "\n");
  onProgress(total, total);
  return python;

  async function installed(folder: string): Promise<string | undefined> {
    try {
      return JSON.parse(await Deno.readTextFile(join(folder, MARKER)))[name];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}
