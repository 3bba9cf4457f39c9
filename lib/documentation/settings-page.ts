/**
 * docs/reference/settings.md: what every task takes, from what its `--help` is made of.
 *
 * @module
 */
import { join } from "node:path";
import config from "@/deno.json" with { type: "json" };
import { defaultOf, meaningOf, typeOf } from "@/lib/cli/core/help.ts";
import { MANDATORY, type TaskSpec, variableOf } from "@/lib/cli/core/settings.ts";
import { cell, codeCell, GENERATED, table } from "@/lib/documentation/markdown.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** Processes that tell of themselves at one time. */
const AT_ONCE = 4;

/** The page. @throws Error when a task does not tell of itself */
export async function settingsPage(): Promise<string> {
  const tasks = Object.entries(config.tasks)
    .flatMap(([name, command]) => {
      const entry = command.match(/^deno run -A (lib\/cli\/[\w-]+\.ts)$/)?.[1];
      return entry ? [{ name, entry }] : [];
    });
  const specs: TaskSpec[] = [];
  for (let i = 0; i < tasks.length; i += AT_ONCE) {
    specs.push(
      ...await Promise.all(tasks.slice(i, i + AT_ONCE).map(({ entry }) => describe(entry))),
    );
  }
  return [
    "# Settings",
    GENERATED,
    "Settings are written `key=value`, lists in brackets: `deno task train loss=dpo loss.beta=0.1 datasets=[lc]`. " +
    "They come from the command line, else from the environment " +
    `(\`loss.beta\`: \`${
      variableOf("loss.beta")
    }\`), else from a preset, else they have their default. ` +
    "Every task also takes `json=true`, which prints one JSON line per result on stdout and everything else on stderr, " +
    "`--help`, and `--print-config`, which prints the resolved settings and runs nothing.",
    tasks.map(({ name }) => `[${name}](#${name})`).join(" · "),
    ...specs.flatMap(section),
  ].join("\n\n") + "\n";
}

async function describe(entry: string): Promise<TaskSpec> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", join(PROJECT_ROOT, entry), "--help", "json=true"],
    cwd: PROJECT_ROOT,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`${entry}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function section(spec: TaskSpec): string[] {
  const { name, summary, subcommands, positionals, flags, presets } = spec;
  const keys = Object.entries(spec.keys).filter(([key]) => key !== "json");
  const parts = [`## ${name}`, cell(summary)];
  const named = (entries: [string, string][]) =>
    entries.map(([word, help]) => `- \`${word}\`: ${cell(help)}`).join("\n");
  if (subcommands) {
    parts.push(
      named(
        Object.entries(subcommands).map(([word, help]) => [`deno task ${name} ${word}`, help]),
      ),
    );
  }
  if (positionals) parts.push(named([[`${positionals.name} …`, positionals.help]]));
  if (flags) {
    parts.push(named(Object.entries(flags).map(([flag, help]) => [`--${flag}`, help])));
  }
  if (keys.length > 0) {
    parts.push(table(
      ["Key", "Type", "Default", "Meaning"],
      keys.map(([key, value]) => [
        codeCell(key),
        cell(typeOf(value)),
        value.default === undefined && !value.optional ? "required" : codeCell(defaultOf(value)),
        cell(meaningOf(value)),
      ]),
    ));
  }
  if (presets) {
    parts.push(table(
      ["Preset", "Sets"],
      Object.entries(presets).flatMap(([key, choices]) =>
        Object.entries(choices).map(([choice, sets]) => [
          codeCell(`${key}=${choice}`),
          Object.entries(sets).map(([k, v]) =>
            v === MANDATORY ? `asks for \`${k}=\`` : codeCell(`${k}=${v}`)
          )
            .join(" "),
        ])
      ),
    ));
  }
  return parts;
}
