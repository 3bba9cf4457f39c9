/**
 * The requirement files, by section.
 *
 * @module
 */
import { join } from "node:path";
import { createHash } from "node:crypto";
import { InputError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** What a section is for: files alone, JupyterLab, the tests, their goldens, the benchmarks, Weights & Biases. */
export type SectionName = "files" | "jupyter" | "tests" | "oracles" | "bench" | "wandb";

/** The file of each section, and about how many megabytes are downloaded: progress is measured by them. */
const SECTIONS: Record<SectionName, { file: string; megabytes: number }> = {
  files: { file: "requirements.txt", megabytes: 370 },
  jupyter: { file: "requirements.txt", megabytes: 50 },
  tests: { file: "requirements-test.txt", megabytes: 90 },
  oracles: { file: "requirements-oracles.txt", megabytes: 3000 },
  bench: { file: "requirements-bench.txt", megabytes: 3100 },
  wandb: { file: "requirements-wandb.txt", megabytes: 30 },
};

export interface Section {
  name: SectionName;
  /** Requirements in pip's syntax, one each. */
  requirements: string[];
  /** About how much is downloaded. */
  megabytes: number;
  /** SHA-256 of the requirements. */
  digest: string;
  /** Whether pip may install what the packages ask for. */
  withDependencies: boolean;
}

/**
 * Reads a section: from the comment that names it (`# [files]`) to the next, or a file without such comments.
 *
 * @throws {InputError} the file has no such section
 */
export async function readSection(name: SectionName): Promise<Section> {
  const { file } = SECTIONS[name];
  return parseSection(name, await Deno.readTextFile(join(PROJECT_ROOT, file)), file);
}

/** {@link readSection} on a text. */
export function parseSection(name: SectionName, text: string, file: string): Section {
  const requirements: string[] = [];
  let current: string | undefined;
  const heading = /^# \[(\w+)\]/;
  const lines = text.split("\n").map((line) => line.trim());
  const names = lines.flatMap((line) => line.match(heading)?.[1] ?? []);
  if (names.length > 0 && !names.includes(name)) {
    throw new InputError(`${file} has no section "# [${name}]".`);
  }
  for (const line of lines) {
    current = line.match(heading)?.[1] ?? current;
    const wanted = names.length === 0 || current === name;
    if (wanted && line && !line.startsWith("#")) requirements.push(line);
  }
  const digest = createHash("sha256").update(requirements.join("\n")).digest("hex");
  const { megabytes } = SECTIONS[name];
  return { name, requirements, megabytes, digest, withDependencies: name !== "files" };
}
