/**
 * A task of the command line from a notebook.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/**
 * Runs `deno task NAME` with these settings and `json=true`, and waits for its end.
 *
 * @param task such as `plan`
 * @returns what it printed, a line each
 * @throws OperationError when it fails; holds what it said
 */
export async function resultsOf(
  task: string,
  settings: Record<string, string | number | boolean>,
): Promise<Record<string, unknown>[]> {
  const words = Object.entries({ ...settings, json: true }).map(([key, value]) =>
    `${key}=${value}`
  );
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      join(PROJECT_ROOT, "lib", "cli", `${task}.ts`),
      ...words,
    ],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new OperationError(`deno task ${task} failed: ${text(stderr)}`);
  return text(stdout).split("\n").filter(Boolean).map((line) => JSON.parse(line));
}
