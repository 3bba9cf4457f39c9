/**
 * The set-up that every task implies.
 *
 * @module
 */
import type { OnProgress } from "@/lib/progress.ts";
import { pythonPath } from "@/lib/setup/paths.ts";

/** What can be set up: Python's packages; the Deno kernel for notebooks. */
export type Part = "python" | "kernel";

/** Makes sure that the parts are there. @throws {OperationError} what is missing and how to get it */
export function ensureSetup(
  _parts: readonly Part[],
  _onProgress: OnProgress,
  _signal?: AbortSignal,
): Promise<void> {
  pythonPath();
  return Promise.resolve();
}
