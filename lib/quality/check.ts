/**
 * What can be checked without running: format, lint and types of all files, cells of notebooks included.
 *
 * @module
 */
import { checkNotebooks, problemLine } from "@/lib/notebooks/check.ts";
import { listNotebooks } from "@/lib/notebooks/all.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** One check and what it found; nothing found: passed. */
export interface Check {
  name: string;
  run(): Promise<string>;
}

/** All checks, in the order of how soon they end. */
export const CHECKS: readonly Check[] = [
  { name: "format", run: () => deno("fmt", "--check") },
  { name: "lint", run: () => deno("lint") },
  { name: "types", run: () => deno("check", "--quiet", "--frozen", ".") },
  {
    name: "types of notebooks",
    run: async () => (await checkNotebooks(listNotebooks())).map(problemLine).join("\n"),
  },
];

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return "";
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return text.trim() || `deno ${args.join(" ")} failed`;
}
