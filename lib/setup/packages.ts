/**
 * Python packages, installed by pip.
 *
 * @module
 */
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { runTool } from "@/lib/setup/process.ts";
import type { Section } from "@/lib/setup/requirements.ts";

export interface InstallOptions {
  /** Megabytes that are here, up to the section's, and what pip does now. */
  onStep?: (megabytes: number, note: string) => void;
  signal?: AbortSignal;
  /** Added to pip's environment. */
  env?: Record<string, string>;
}

/**
 * Installs one section into an environment. Safe to repeat after any interruption.
 *
 * @param venv the folder of the environment
 * @throws {OperationError} no network, no space, or what pip says
 */
export async function installSection(
  venv: string,
  section: Section,
  options: InstallOptions = {},
): Promise<void> {
  // pip's own folder for downloads, inside .venv: on the same disk, and swept when it was killed.
  const temporary = join(venv, "tmp");
  const list = join(venv, `requirements-${section.name}.txt`);
  await Deno.writeTextFile(list, section.requirements.join("\n") + "\n");

  let here = 0;
  let note: string = section.name;
  const report = () => options.onStep?.(Math.min(here, section.megabytes), note);
  const watch = setInterval(async () => {
    here = Math.max(here, Math.round(await folderSize(temporary) / 1e6));
    report();
  }, 1000);
  const args = [
    ...[join(import.meta.dirname!, "install.py"), join(venv, "install.lock")],
    ...[
      "install",
      "--disable-pip-version-check",
      "--no-input",
      "--no-compile",
      "--progress-bar",
      "off",
    ],
    ...["--only-binary", ":all:", ...section.withDependencies ? [] : ["--no-deps"], "-r", list],
  ];
  try {
    const { code, tail } = await runTool(join(venv, "bin", "python"), args, {
      signal: options.signal,
      env: { ...options.env, TMPDIR: temporary, PYTHONUNBUFFERED: "1" },
      onLine(line) {
        const step = line.match(/^\s*(Collecting|Downloading|Using cached|Repairing) (\S+)(.*)/);
        if (step) {
          note = `${step[1].toLowerCase()} ${step[2].split("/").at(-1)}${
            step[3].match(/ \([\d.]+ .?B\)/)?.[0] ?? ""
          }`;
        } else if (line.startsWith("Installing collected packages")) {
          here = section.megabytes;
          note = "unpacking";
        }
        report();
      },
    });
    if (code !== 0) throw new OperationError(pipFailure(section, tail));
  } finally {
    clearInterval(watch);
  }
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
}

/** One sentence for what pip's last lines say. */
export function pipFailure(section: Pick<Section, "name">, tail: string[]): string {
  const text = tail.join("\n");
  const again = "then run the same command again; what is downloaded is kept";
  if (/No space left on device|Errno 28/.test(text)) {
    return `No space is left for Python's packages (${section.name}): free about 3 GB, ${again}.`;
  }
  const offline =
    /NewConnectionError|NameResolutionError|Temporary failure in name resolution|Max retries|ConnectTimeout|Read timed out|Connection (refused|reset|aborted)|ProxyError|Network is unreachable/;
  if (offline.test(text)) {
    return `Python's package index cannot be reached (${section.name}): check the network or pip's proxy and index settings, ${again}.`;
  }
  const errors = tail.filter((line) => /^\s*ERROR/.test(line));
  return `pip could not install Python's packages (${section.name}): ${
    errors.at(-1) ?? tail.at(-1) ?? "no message"
  }`;
}

async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory ? await folderSize(path) : (await Deno.stat(path)).size;
    }
  } catch (error) {
    // pip removes files while we look.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}
