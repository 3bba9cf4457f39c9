/**
 * What Jupyter needs to find the project's own kernel.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { VENV } from "@/lib/setup/paths.ts";

/** Environment variables for a Jupyter process: the kernel of the set-up is found before any other. */
export function jupyterEnvironment(): Record<string, string> {
  const others = Deno.env.get("JUPYTER_PATH")?.split(delimiter) ?? [];
  return { JUPYTER_PATH: [join(VENV, "share", "jupyter"), ...others].join(delimiter) };
}
