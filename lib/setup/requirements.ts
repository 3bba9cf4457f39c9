/**
 * The requirement files, by section.
 *
 * @module
 */
import { join } from "node:path";
import { createHash } from "node:crypto";
import { InputError } from "@/lib/errors.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** What a section is for: files alone, JupyterLab, or the tests. */
export type SectionName = "files" | "jupyter" | "tests";

export interface Section {
  name: SectionName;
  /** Requirements in pip's syntax, one each. */
  requirements: string[];
  /** SHA-256 of the requirements. */
  digest: string;
  /** Whether pip may install what the packages ask for. */
  withDependencies: boolean;
}

/**
 * Reads a section, from the comment that names it (`# [files]`) to the next.
 *
 * @throws {InputError} the file has no such section
 */
export async function readSection(name: SectionName): Promise<Section> {
  const file = name === "tests" ? "requirements-test.txt" : "requirements.txt";
  return parseSection(name, await Deno.readTextFile(join(PROJECT_ROOT, file)), file);
}

/** {@link readSection} on a text. */
export function parseSection(name: SectionName, text: string, file: string): Section {
  const requirements: string[] = [];
  let current: string | undefined;
  let found = false;
  for (const line of text.split("\n").map((l) => l.trim())) {
    current = line.match(/^# \[(\w+)\]/)?.[1] ?? current;
    if (current !== name) continue;
    found = true;
    if (line && !line.startsWith("#")) requirements.push(line);
  }
  if (!found) throw new InputError(`${file} has no section "# [${name}]".`);
  const digest = createHash("sha256").update(requirements.join("\n")).digest("hex");
  return { name, requirements, digest, withDependencies: name !== "files" };
}
