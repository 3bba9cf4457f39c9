/**
 * The browser that the tests of the web app drive.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Arguments under which Chromium runs as root, without a display, and asks nothing of the network. */
export const CHROMIUM_ARGS: string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The path of an installed Chromium or Chrome; `CHROMIUM_PATH` names another one. */
export function findChromium(): string | undefined {
  const named = Deno.env.get("CHROMIUM_PATH");
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter(Boolean);
  const candidates = [
    ...named ? [named] : [],
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...ELSEWHERE,
  ];
  return candidates.find((path) => existsSync(path));
}

/**
 * The path of a Chromium or Chrome. Where there is none, root on Debian installs the package `chromium`.
 * @throws OperationError that names what to install where that cannot be done
 */
export async function ensureChromium(onProgress?: OnProgress): Promise<string> {
  const found = findChromium();
  if (found) return found;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new OperationError(
      "There is no Chromium or Chrome; install one (Debian and Ubuntu: sudo apt-get install chromium), " +
        "or set CHROMIUM_PATH to its program.",
    );
  }
  onProgress?.(0, 2, "apt-get update");
  await apt("update", "-qq");
  onProgress?.(1, 2, "apt-get install chromium");
  await apt("install", "-y", "-qq", "--no-install-recommends", "chromium");
  onProgress?.(2, 2);
  const installed = findChromium();
  if (installed) return installed;
  throw new OperationError(
    "apt-get installed chromium, but there is no program of that name; set CHROMIUM_PATH.",
  );
}

async function apt(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const last = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new OperationError(`apt-get ${args[0]} failed: ${last}; install chromium by hand.`);
}
