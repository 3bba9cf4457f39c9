/**
 * The environment of Weights & Biases.
 *
 * @module
 */
import { join } from "node:path";
import type { OnProgress } from "@/lib/progress.ts";
import { ensureEnvironment } from "@/lib/setup/environment.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/**
 * Makes it unless it is there.
 * @returns its Python
 * @throws OperationError when it cannot be installed
 */
export const ensureWandb = (onProgress: OnProgress, signal?: AbortSignal): Promise<string> =>
  ensureEnvironment(join(PROJECT_ROOT, ".venv-wandb"), "wandb", onProgress, signal);
