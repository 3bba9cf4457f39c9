/**
 * What `--help` prints, made from a task's description alone.
 *
 * @module
 */
import { allKeys, type Key, MANDATORY, type TaskSpec } from "@/lib/cli/core/settings.ts";
import { range } from "@/lib/cli/core/values.ts";

const WIDTH = 110;

/** What a task takes as one JSON object: the description that {@link helpText} is made of, for programs. */
export function helpJson(spec: TaskSpec): string {
  return JSON.stringify({ ...spec, keys: allKeys(spec) });
}

/** The help text of a task: usage, subcommands, flags, every key with type, default and meaning, presets, examples. */
export function helpText(spec: TaskSpec): string {
  const words = [
    spec.subcommands && `[${Object.keys(spec.subcommands).join("|")}]`,
    spec.positionals && `[${spec.positionals.name} …]`,
    "[key=value …]",
  ].filter(Boolean).join(" ");
  const parts = [`deno task ${spec.name} ${words}\n\n${spec.summary}`];
  if (spec.subcommands) parts.push(section("Subcommands", table(Object.entries(spec.subcommands))));
  if (spec.positionals) {
    parts.push(section("Words", table([[spec.positionals.name, spec.positionals.help]])));
  }
  const keys = Object.entries(allKeys(spec)).map((
    [name, key],
  ) => [name, typeOf(key), defaultOf(key), meaningOf(key)]);
  parts.push(section("Settings", table([["key", "type", "default", "meaning"], ...keys])));
  if (spec.presets) parts.push(section("Presets", table(presetRows(spec))));
  const flags = {
    ...spec.flags,
    help: "print this; with json=true as JSON",
    "print-config": "print the resolved settings as JSON, run nothing",
  };
  parts.push(
    section("Flags", table(Object.entries(flags).map(([name, help]) => [`--${name}`, help]))),
  );
  parts.push(section("Examples", spec.examples.map((line) => `  ${line}`).join("\n")));
  parts.push(
    "A setting can also come from the environment: CODEPREF_ and the key in capitals, dots as underscores\n" +
      "(loss.beta: CODEPREF_LOSS_BETA). The command line wins over the environment, that over a preset.",
  );
  return parts.join("\n\n");
}

/** The type of a key, as help shows it. */
export function typeOf(key: Key): string {
  return key.optional ? `${key.type}|null` : key.type;
}

/** The default of a key, as help shows it. */
export function defaultOf(key: Key): string {
  if (key.default === undefined) return key.optional ? "null" : "(required)";
  return Array.isArray(key.default)
    ? `[${key.default.join(",")}]`
    : key.default === ""
    ? '""'
    : String(key.default);
}

/** What a key means, and what it may be. */
export function meaningOf(key: Key): string {
  const extra = [
    key.choices && `one of ${key.choices.join(", ")}`,
    range(key),
    key.aliases?.length && `also ${key.aliases.join(", ")}`,
  ].filter(Boolean);
  return key.help + (extra.length ? ` (${extra.join("; ")})` : "");
}

function presetRows(spec: TaskSpec): string[][] {
  return Object.entries(spec.presets ?? {}).flatMap(([key, presets]) =>
    Object.entries(presets).map(([name, sets]) => [
      `${key}=${name}`,
      Object.entries(sets).map(([k, v]) => v === MANDATORY ? `needs ${k}=…` : `${k}=${v}`).join(
        " ",
      ),
    ])
  );
}

function section(title: string, body: string): string {
  return `${title}:\n${body}`;
}

/** Columns as wide as their longest cell; the last one wraps under itself. */
function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0].length;
  const widths = Array.from(
    { length: columns - 1 },
    (_, c) => Math.max(...rows.map((row) => row[c].length)),
  );
  const indent = 2 + widths.reduce((sum, w) => sum + w + 2, 0);
  return rows.map((row) => {
    const head = "  " + widths.map((w, c) => row[c].padEnd(w + 2)).join("");
    return head +
      wrap(row[columns - 1], Math.max(30, WIDTH - indent)).join("\n" + " ".repeat(indent));
  }).join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines.length ? lines : [""];
}
