/**
 * The goldens that the tests compare with, computed again by PyTorch in an environment of its own.
 *
 * @module
 */
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { ensureEnvironment } from "@/lib/setup/environment.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { runTool } from "@/lib/setup/process.ts";

/**
 * Installs PyTorch (several GB) into `.venv-oracles` and compares what it computes with the goldens.
 *
 * @param onLine gets each line that the oracles print
 * @returns whether all agree within their tolerances
 */
export async function checkOracles(
  onProgress: OnProgress,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const venv = join(PROJECT_ROOT, ".venv-oracles");
  const python = await ensureEnvironment(venv, "oracles", onProgress, signal);
  const { code } = await runTool(
    python,
    [join(PROJECT_ROOT, "tests", "oracles", "make.py"), "--check"],
    { signal, onLine, env: { DENO: Deno.execPath(), PYTHONUNBUFFERED: "1" } },
  );
  return code === 0;
}
