/**
 * What can be checked without running: format, lint and types of all files, cells of notebooks included, and
 * reference pages that are not up to date.
 *
 * @module
 */
import { basename, join } from "node:path";
import config from "@/deno.json" with { type: "json" };
import { outdatedPages } from "@/lib/documentation/pages.ts";
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
  // `--ignore` replaces what deno.json excludes, so that is repeated.
  {
    name: "format",
    run: () => deno("fmt", "--check", `--ignore=${["notebooks", ...config.fmt.exclude].join(",")}`),
  },
  { name: "format of notebooks", run: unformattedNotebooks },
  { name: "lint", run: () => deno("lint") },
  { name: "types", run: () => deno("check", "--quiet", "--frozen", ".") },
  {
    name: "types of notebooks",
    run: async () => (await checkNotebooks(listNotebooks())).map(problemLine).join("\n"),
  },
  {
    name: "reference pages",
    run: async () =>
      [...(await outdatedPages()).keys()]
        .map((path) => `${path}: not what the code says; \`deno task docs\` writes it`).join("\n"),
  },
];

/**
 * Notebooks that `deno fmt` would change. Its own `--check` reports every notebook that it has not
 * formatted before, changed or not, so copies are formatted and compared.
 */
async function unformattedNotebooks(): Promise<string> {
  const folder = Deno.makeTempDirSync({ prefix: "codepref-format-" });
  try {
    const notebooks = listNotebooks();
    const copies = notebooks.map((path) => join(folder, basename(path)));
    notebooks.forEach((path, i) => Deno.copyFileSync(path, copies[i]));
    const failure = await deno(
      "fmt",
      "--quiet",
      "--config",
      join(PROJECT_ROOT, "deno.json"),
      ...copies,
    );
    if (failure) return failure;
    return notebooks
      .filter((path, i) => Deno.readTextFileSync(path) !== Deno.readTextFileSync(copies[i]))
      .map((path) => `${path}: not formatted; \`deno fmt\` formats it`)
      .join("\n");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

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
