/**
 * JavaScript packages, fetched ahead so that no later step waits for the network.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { runTool, type ToolOptions } from "@/lib/setup/process.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/**
 * Fetches every package of deno.json at the versions of the lock file, and the bundler of Deno.
 *
 * @throws {OperationError} a package cannot be fetched, or the lock file does not fit
 */
export async function fetchModules(options: ToolOptions = {}): Promise<void> {
  const frozen = existsSync(join(PROJECT_ROOT, "deno.lock")) ? ["--frozen"] : [];
  const config = join(PROJECT_ROOT, "deno.json");
  const { code, tail } = await runTool(
    Deno.execPath(),
    ["install", ...frozen, "--config", config],
    options,
  );
  if (code !== 0) {
    const reason = tail.find((line) => /error/i.test(line)) ?? tail.at(-1) ?? `exit code ${code}`;
    const advice = /lockfile is out of date/.test(reason)
      ? "deno.lock does not fit deno.json; check out both as they were committed together"
      : "check the network, then run the same command again";
    throw new OperationError(
      `The JavaScript packages could not be fetched: ${advice} (${reason}).`,
    );
  }
  await fetchBundler();
}

/** Deno fetches its bundler, and what the web page's parts import, when it first bundles them. */
async function fetchBundler(): Promise<void> {
  const islands = join(PROJECT_ROOT, "islands");
  await Deno.bundle({
    entrypoints: [
      join(PROJECT_ROOT, "lib", "fresh", "client.ts"),
      ...[...Deno.readDirSync(islands)].map(({ name }) => join(islands, name)),
    ],
    outputDir: ".",
    platform: "browser",
    write: false,
  });
}
