/**
 * Python and the environment made with it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { runTool, type ToolOptions } from "@/lib/setup/process.ts";

/** Python versions that TensorFlow has wheels for. */
const MINORS = [13, 12, 11, 10];
const CANDIDATES = ["python3", ...MINORS.map((minor) => `python3.${minor}`), "python"];

export interface PythonOptions extends ToolOptions {
  /** Use this one instead of looking. */
  python?: string;
  /** Whether missing system packages may be installed; default: for root. */
  mayInstall?: boolean;
  onNote?: (note: string) => void;
}

interface Found {
  command: string;
  version: string;
  /** Whether it can make environments: Debian keeps `ensurepip` in a package of its own. */
  canMakeVenv: boolean;
}

/**
 * Finds a Python from 3.10 to 3.13 that can make environments. On Debian and its kin, root gets what is
 * missing from apt.
 *
 * @returns the command to call
 * @throws {OperationError} none is there: says what to install
 */
export async function findPython(options: PythonOptions = {}): Promise<string> {
  const { found, seen } = await look(options);
  const ready = found.find((python) => python.canMakeVenv);
  if (ready) return ready.command;

  const missing = found.length
    ? found[0].command === "python3" ? "python3-venv" : `python${found[0].version}-venv`
    : "python3 python3-venv";
  const what = found.length
    ? `Python ${found[0].version} (${found[0].command}) cannot make environments`
    : `No Python from 3.10 to 3.13 was found` + (seen.length ? ` (only ${seen.join(", ")})` : "");
  const mayInstall = options.mayInstall ?? Deno.uid() === 0;
  const apt = !options.python && (await runTool("apt-get", ["--version"], options)).code === 0;
  if (apt && mayInstall) {
    options.onNote?.(`installing ${missing} with apt-get`);
    await aptInstall(missing.split(" "), options);
    const second = (await look(options)).found.find((python) => python.canMakeVenv);
    if (second) return second.command;
  }
  const advice = options.python
    ? "name another one with python=…"
    : apt
    ? `run \`apt-get install ${missing}\` as root, then the same command again`
    : "install Python 3.12 with its venv module, then run the same command again, or name one with python=…";
  throw new OperationError(`${what}: ${advice}.`);
}

async function look(options: PythonOptions): Promise<{ found: Found[]; seen: string[] }> {
  const found: Found[] = [];
  const seen: string[] = [];
  const script = "import sys; print('%d.%d' % sys.version_info[:2])\n" +
    "try:\n import ensurepip, venv; print('venv')\nexcept ImportError: print('bare')";
  for (const command of options.python ? [options.python] : CANDIDATES) {
    const { code, tail } = await runTool(command, ["-c", script], {
      env: options.env,
      signal: options.signal,
    });
    if (code !== 0) continue;
    const [version, venv] = tail.slice(-2);
    if (MINORS.some((minor) => version === `3.${minor}`)) {
      found.push({ command, version, canMakeVenv: venv === "venv" });
      if (venv === "venv") break;
    } else seen.push(`${command} ${version}`);
  }
  return { found, seen };
}

async function aptInstall(packages: string[], options: PythonOptions): Promise<void> {
  const env = { ...options.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const { code, tail } = await runTool("apt-get", args, { ...options, env });
    if (code !== 0 && args[0] === "install") {
      throw new OperationError(
        `apt-get could not install ${packages.join(" ")}: ${tail.at(-1) ?? `exit code ${code}`}`,
      );
    }
  }
}

/**
 * Makes the environment unless a working one is there; what an interrupted making left is replaced.
 *
 * @param venv the folder of the environment
 */
export async function ensureVenv(venv: string, options: PythonOptions = {}): Promise<void> {
  if (await works(venv, options)) return;
  const python = await findPython(options);
  options.onNote?.(`making an environment with ${python}`);
  const { code, tail } = await runTool(python, ["-m", "venv", "--clear", venv], options);
  if (code !== 0) {
    throw new OperationError(
      `${python} could not make an environment at ${venv}: ${tail.at(-1) ?? `exit code ${code}`}`,
    );
  }
}

async function works(venv: string, options: PythonOptions): Promise<boolean> {
  const python = join(venv, "bin", "python");
  if (!existsSync(python)) return false;
  const script = "import sys, pip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))";
  return (await runTool(python, ["-c", script], { env: options.env, signal: options.signal }))
    .code === 0;
}
