/**
 * What Jupyter needs to find the project's own kernel and the Deno that runs this.
 *
 * @module
 */
import { delimiter, dirname, join } from "node:path";
import { VENV } from "@/lib/setup/paths.ts";

/**
 * Environment variables for a Jupyter process: the kernel of the set-up is found first, and it starts the
 * same Deno as ours even where that came from npx and is on no PATH.
 */
export function jupyterEnvironment(): Record<string, string> {
  return {
    PATH: prepend(dirname(Deno.execPath()), "PATH"),
    JUPYTER_PATH: prepend(join(VENV, "share", "jupyter"), "JUPYTER_PATH"),
  };
}

function prepend(entry: string, variable: string): string {
  return [entry, ...(Deno.env.get(variable)?.split(delimiter) ?? [])].join(delimiter);
}
