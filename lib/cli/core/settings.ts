/**
 * The settings of one task: which keys it has, and how `key=value` arguments, `CODEPREF_*` variables,
 * presets and defaults become one flat record of typed values.
 *
 * The grammar is the one of Hydra's command lines: an optional subcommand and flags, then `key=value`
 * with dots in keys, lists in brackets and presets by name (`loss=dpo loss.beta=0.1 datasets=[lc]`).
 * Precedence: command line, environment, preset, default.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { nearest } from "@/lib/cli/core/nearest.ts";
import { readValue, type SettingValue } from "@/lib/cli/core/values.ts";

/** One setting. Without `default` and `optional` it is mandatory. */
export interface Key {
  readonly type: "string" | "integer" | "number" | "boolean" | "list";
  /** Value when nothing else says one; the type's own, or a list of strings. */
  readonly default?: unknown;
  /** May be absent or `null`. */
  readonly optional?: true;
  /** One sentence for `--help`. */
  readonly help: string;
  /** The only values allowed (of each item, for a list). */
  readonly choices?: readonly string[];
  /** Other names for the key. */
  readonly aliases?: readonly string[];
  /** Smallest and largest value allowed, for numbers. */
  readonly min?: number;
  readonly max?: number;
}

/** The value of a preset's key that makes the key mandatory, as in Hydra's configuration files. */
export const MANDATORY = "???";

/** What a task is called, what it takes, and what `--help` says. */
export interface TaskSpec<K extends Readonly<Record<string, Key>> = Readonly<Record<string, Key>>> {
  readonly name: string;
  readonly summary: string;
  /** Whole command lines, shown under `--help`. */
  readonly examples: readonly string[];
  readonly keys: K;
  /** Subcommand -> what it does. A task may be called without one. */
  readonly subcommands?: Readonly<Record<string, string>>;
  /** Flag without its dashes -> what it does: `{ follow: "…" }` for `--follow`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** What bare words after the task's name mean; without it they are refused. */
  readonly positionals?: { readonly name: string; readonly help: string };
  /** Key -> preset name -> dotted key -> value ({@link MANDATORY}: has to be given). */
  readonly presets?: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
  >;
  /** What has to be set up before the task runs. */
  readonly needs?: readonly ("python" | "kernel")[];
}

type Scalar<K extends Key> = K extends { readonly choices: readonly (infer C extends string)[] } ? C
  : string;
type Base<K extends Key> = K["type"] extends "integer" | "number" ? number
  : K["type"] extends "boolean" ? boolean
  : K["type"] extends "list" ? Scalar<K>[]
  : Scalar<K>;

/** The values of a task's keys, flat and under their dotted names: `values["loss.beta"]`. */
export type Values<S extends TaskSpec> =
  & {
    [N in keyof S["keys"]]: S["keys"][N] extends { readonly optional: true }
      ? Base<S["keys"][N]> | null
      : Base<S["keys"][N]>;
  }
  & { json: boolean };

/** What a command line said, resolved. */
export interface Parsed<S extends TaskSpec> {
  values: Values<S>;
  subcommand?: keyof S["subcommands"] & string;
  flags: ReadonlySet<string>;
  positionals: string[];
  /** Keys that the command line or the environment named, in the order of the task's keys. */
  given: string[];
  /** Things that the person should know though they are no errors. */
  notes: string[];
}

/** The key that every task has. */
export const JSON_KEY: Key = {
  type: "boolean",
  default: false,
  help: "print one JSON line per result on stdout, and everything else on stderr",
};

/** Gives a task's description its exact type, so that {@link Values} knows every key. */
export function defineTask<const S extends TaskSpec>(spec: S): S {
  return spec;
}

/** A task's own keys and those that every task has. */
export function allKeys(spec: TaskSpec): Record<string, Key> {
  return { ...spec.keys, json: JSON_KEY };
}

/** The environment variable of a key: `CODEPREF_LOSS_BETA` for `loss.beta`. */
export function variableOf(key: string): string {
  return "CODEPREF_" + key.replaceAll(/[.-]/g, "_").toUpperCase();
}

/**
 * Resolves a command line.
 *
 * @param args the words after the task's name
 * @param env the environment; only `CODEPREF_*` is read
 * @throws {InputError} unknown or repeated words, ill-typed values, missing mandatory keys
 */
export function parseSettings<const S extends TaskSpec>(
  spec: S,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Parsed<S> {
  const keys = allKeys(spec);
  const names = new Map<string, string>();
  for (const [name, key] of Object.entries(keys)) {
    for (const alias of [name, ...key.aliases ?? []]) names.set(alias, name);
  }

  const notes: string[] = [];
  const stated = new Map<string, SettingValue>(readEnvironment(spec, keys, names, env, notes));
  const words = readWords(spec, args);
  for (const [written, text] of words.settings) {
    const name = names.get(written);
    if (name === undefined) throw unknownKey(spec, written, [...names.keys()]);
    stated.set(name, readValue(written, keys[name], text));
  }

  const values = resolve(spec, keys, stated);
  return {
    values: values as Values<S>,
    subcommand: words.subcommand as Parsed<S>["subcommand"],
    flags: words.flags,
    positionals: words.positionals,
    given: Object.keys(keys).filter((name) => stated.has(name)),
    notes,
  };
}

function readEnvironment(
  spec: TaskSpec,
  keys: Record<string, Key>,
  names: Map<string, string>,
  env: Readonly<Record<string, string>>,
  notes: string[],
): [string, SettingValue][] {
  const variables = new Map([...names].map(([written, name]) => [variableOf(written), name]));
  const found: [string, SettingValue][] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith("CODEPREF_")) continue;
    const name = variables.get(variable);
    if (name !== undefined) found.push([name, readValue(variable, keys[name], text)]);
    else {
      // The environment serves every task, so a name of another task is no error; a near miss is worth a word.
      const close = nearest(variable, [...variables.keys()]);
      if (close && close.distance <= 2 && close.word.length > "CODEPREF_".length + 4) {
        notes.push(
          `${variable} is not a setting of ${spec.name} and was left aside: did you mean ${close.word}?`,
        );
      }
    }
  }
  return found;
}

interface Words {
  subcommand?: string;
  flags: Set<string>;
  positionals: string[];
  settings: [string, string][];
}

function readWords(spec: TaskSpec, args: readonly string[]): Words {
  const words: Words = { flags: new Set(), positionals: [], settings: [] };
  const help = `deno task ${spec.name} --help lists what it takes`;
  for (const arg of args) {
    const equals = arg.indexOf("=");
    if (arg.startsWith("-")) {
      const name = arg.replace(/^-+/, "");
      if (equals > 0) {
        throw new InputError(`Settings are written without dashes: ${name} instead of ${arg}.`);
      }
      if (!(name in (spec.flags ?? {}))) {
        const known = [...Object.keys(spec.flags ?? {}), "help", "print-config"];
        throw new InputError(
          `Unknown flag ${arg}: did you mean --${nearest(name, known)!.word}? (${help})`,
        );
      }
      words.flags.add(name);
    } else if (equals > 0) {
      words.settings.push([arg.slice(0, equals), arg.slice(equals + 1)]);
    } else if (words.subcommand === undefined && arg in (spec.subcommands ?? {})) {
      words.subcommand = arg;
    } else if (spec.positionals) {
      words.positionals.push(arg);
    } else {
      const close = nearest(arg, Object.keys(spec.subcommands ?? {}));
      throw new InputError(
        `"${arg}" is neither a setting (key=value) nor a subcommand of ${spec.name}` +
          (close ? `: did you mean ${close.word}? (${help})` : ` (${help}).`),
      );
    }
  }
  return words;
}

function resolve(
  spec: TaskSpec,
  keys: Record<string, Key>,
  stated: Map<string, SettingValue>,
): Record<string, SettingValue> {
  const values: Record<string, SettingValue | undefined> = {};
  for (const [name, key] of Object.entries(keys)) {
    values[name] = key.default as SettingValue | undefined;
  }
  for (const [name, value] of stated) values[name] = value;

  const demandedBy = new Map<string, string>();
  for (const [chooser, presets] of Object.entries(spec.presets ?? {})) {
    const choice = values[chooser];
    const preset = typeof choice === "string" && Object.hasOwn(presets, choice)
      ? presets[choice]
      : {};
    for (const [name, value] of Object.entries(preset)) {
      if (stated.has(name)) continue;
      if (value === MANDATORY) demandedBy.set(name, `${chooser}=${choice}`);
      values[name] = value === MANDATORY ? undefined : value as SettingValue;
    }
  }

  const resolved: Record<string, SettingValue> = {};
  for (const [name, key] of Object.entries(keys)) {
    const value = values[name];
    if (value !== undefined) resolved[name] = Array.isArray(value) ? [...value] : value;
    else if (key.optional && !demandedBy.has(name)) resolved[name] = null;
    else {
      const why = demandedBy.has(name) ? ` with ${demandedBy.get(name)}` : "";
      throw new InputError(
        `${spec.name} needs ${name}=…${why} (${key.type}): ${key.help.replace(/\.$/, "")}.`,
      );
    }
  }
  return resolved;
}

function unknownKey(spec: TaskSpec, written: string, names: string[]): InputError {
  const close = nearest(written, names)!;
  return new InputError(
    `Unknown setting "${written}": did you mean ${close.word}? (deno task ${spec.name} --help lists all)`,
  );
}
