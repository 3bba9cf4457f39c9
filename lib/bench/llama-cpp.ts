/**
 * node-llama-cpp with llama.cpp's ready-made binary for CPUs, in a folder of its own.
 *
 * @module
 */
import { join } from "node:path";
import { benchCache } from "@/lib/bench/cache.ts";
import { InputError, OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

const VERSION = "3.22.1";

/** The package that holds the binary, by platform. */
const BINARIES: Record<string, string> = {
  "linux-x86_64": "linux-x64",
  "linux-aarch64": "linux-arm64",
  "darwin-aarch64": "mac-arm64-metal",
  "darwin-x86_64": "mac-x64",
};

/**
 * Installs it by npm, about 90 MB, unless it is there.
 *
 * @returns the folder it is in, and Node's command
 * @throws {InputError} there is no npm, or no binary for this platform
 * @throws {OperationError} what npm says
 */
export async function ensureLlamaCpp(
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<{ node: string; folder: string }> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`, binary = BINARIES[platform];
  if (!binary) throw new InputError(`node-llama-cpp has no binary for CPUs of ${platform}.`);
  const folder = join(await benchCache(), `node-llama-cpp-${VERSION}`);
  const marker = join(folder, "installed");
  try {
    await Deno.stat(marker);
    return { node: "node", folder };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  onProgress(0, 1, "node-llama-cpp from npm");
  await Deno.mkdir(folder, { recursive: true });
  await writeFileWhole(join(folder, "package.json"), '{ "private": true }\n');
  // Its optional packages are binaries for GPUs, hundreds of megabytes; the one for CPUs is named instead.
  const args = ["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  const npm = new Deno.Command("npm", {
    args: [...args, `node-llama-cpp@${VERSION}`, `@node-llama-cpp/${binary}@${VERSION}`],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  });
  let output: Deno.CommandOutput;
  try {
    output = await npm.output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError("npm was not found, which installs llama.cpp; install Node.js.");
  }
  signal.throwIfAborted();
  if (!output.success) {
    throw new OperationError(
      `npm could not install node-llama-cpp: ${new TextDecoder().decode(output.stderr).trim()}`,
    );
  }
  await writeFileWhole(marker, VERSION + "\n");
  onProgress(1, 1);
  return { node: "node", folder };
}
