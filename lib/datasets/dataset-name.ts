/**
 * How a dataset is named on the command line: `NAME[@REVISION][+KEY=VALUE …][:WEIGHT]`.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** A dataset as it was asked for. */
export interface DatasetName {
  /** A registered name, a path, a dataset of the hub, or a database of MotherDuck's (`md:NAME`). */
  name: string;
  /** Branch, tag or commit on the hub. */
  revision?: string;
  /** Local copy of a registered dataset. */
  path?: string;
  /** A config of the dataset's card. */
  config?: string;
  /** What the dataset calls its training and its test split. */
  train?: string;
  test?: string;
  /** How often an epoch has each training prompt; below 1, what share of them. */
  weight: number;
}

const OPTIONS = ["path", "config", "train", "test"] as const;

/**
 * Takes a name apart. What follows `@` is a revision only where the part before it can be on the hub or registered, so
 * that paths may hold one.
 *
 * @throws InputError for an unknown option, or a weight that is no positive number
 */
export function parseDatasetName(written: string): DatasetName {
  // The colon of MotherDuck's names stands before no weight.
  const [, service = "", rest, weight] = /^(md:)?(.*?)(?::([^:/\\]*))?$/s.exec(written)!;
  const body = service + rest;
  const [first, ...options] = body.split(/\+(?=[a-z_]+=)/);
  const named = /^(\w[\w.-]*(?:\/\w[\w.-]*)?)@([^@]+)$/.exec(first);
  const parsed: DatasetName = {
    name: named?.[1] ?? first,
    ...named && { revision: named[2] },
    weight: weight === undefined ? 1 : Number(weight),
  };
  if (weight?.trim() === "" || !(parsed.weight > 0 && parsed.weight < Infinity)) {
    throw new InputError(
      `datasets=[${written}]: what follows the colon is the dataset's weight, a number above 0.`,
    );
  }
  for (const option of options) {
    const at = option.indexOf("="), key = option.slice(0, at) as typeof OPTIONS[number];
    if (!OPTIONS.includes(key)) {
      throw new InputError(
        `datasets=[${written}]: there is no option +${key}=; there are ${
          OPTIONS.map((name) => `+${name}=`).join(", ")
        }.`,
      );
    }
    parsed[key] = option.slice(at + 1);
  }
  return parsed;
}
