/**
 * The test suite: which files a word means, and what Deno's test runner counted.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** How many tests ended in which way. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** `12 passed, 0 failed`, and `, 3 skipped` where there are any. */
export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
}

/**
 * The files or folders that words mean: a folder of tests (`web`), or a part of a file's name (`settings`).
 *
 * @throws {InputError} a word means nothing
 */
export function testPaths(words: readonly string[], root = PROJECT_ROOT): string[] {
  if (words.length === 0) return ["tests"];
  const files = testFiles(join(root, "tests")).map((file) => relative(root, file));
  return words.flatMap((word) => {
    if (existsSync(join(root, "tests", word))) return [join("tests", word)];
    const matching = files.filter((file) => file.includes(word));
    if (matching.length === 0) {
      const folders = [...new Set(files.map((file) => file.split("/")[1]))].sort().join(", ");
      throw new InputError(`No test file's path contains "${word}"; tests lie in ${folders}.`);
    }
    return matching;
  });
}

function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return testFiles(path);
    return /_test\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Reads the summary line of `deno test`: `ok | 19 passed (3 steps) | 0 failed | 2 ignored (1s)`. */
export function readSummary(output: string): Counts | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  const lines = plain.split("\n").filter((line) => /^(ok|FAILED) \| \d+ passed/.test(line));
  const last = lines.at(-1);
  if (!last) return undefined;
  const count = (what: string) => Number(last.match(new RegExp(`(\\d+) ${what}`))?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/**
 * Runs test files with Deno's runner; its output goes on to `write` as it comes.
 *
 * @param paths relative to the project's root
 * @returns what was counted; a run that broke before its summary counts as one failure
 */
export async function runTests(
  paths: readonly string[],
  write: (chunk: Uint8Array) => void,
  options: { color: boolean },
): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--frozen", ...paths],
    cwd: PROJECT_ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: {
      ...(options.color ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
      // Tests ask no hub but their own.
      HF_HUB_OFFLINE: "1",
    },
  }).spawn();
  const decoder = new TextDecoder();
  let end = "";
  for await (const chunk of child.stdout) {
    write(chunk);
    end = (end + decoder.decode(chunk, { stream: true })).slice(-20_000);
  }
  const { success } = await child.status;
  const counts = readSummary(end) ?? { passed: 0, failed: 0, skipped: 0 };
  return !success && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
