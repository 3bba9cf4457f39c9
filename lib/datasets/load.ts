/**
 * Datasets by their names, to examples to train on.
 *
 * @module
 */
import { parseDatasetName } from "@/lib/datasets/dataset-name.ts";
import {
  type ExampleList,
  type ExamplePart,
  type FlatExample,
  JoinedExamples,
} from "@/lib/datasets/example-list.ts";
import type { Split } from "@/lib/datasets/folder.ts";
import { type DownloadOptions, locateDataset } from "@/lib/datasets/locate.ts";
import { fractionOf } from "@/lib/datasets/order.ts";
import { readSplit, type SplitOptions } from "@/lib/datasets/read-split.ts";
import type { PreferenceData } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";

/** Options of the loaders. */
export interface LoadOptions extends SplitOptions, DownloadOptions {
  /** Database of `lc`; default data/codepref.duckdb. */
  db?: string;
  /** What a run that goes on was begun with: datasets of the hub are taken at the commits they had. */
  begun?: readonly DatasetSource[] | null;
}

/** Where data came from, for the run folder and the report. */
export interface DatasetSource {
  name: string;
  /** Absolute path of the file or folder. */
  path: string;
  /** SHA-256 over the dataset's data files. */
  digest: string;
  /** Repository and commit, where it came from the hub. */
  hub?: { repo: string; commit: string };
  /** Prompts and preference pairs that this split contributes. */
  prompts: number;
  pairs: number;
  /** Rows, and prompts, that were left out, by reason. */
  leftOut: Record<string, number>;
  /** Pairs by who preferred, where the dataset says so. */
  labelerKinds: Record<string, number>;
}

/** A dataset whose files are here. */
export interface OpenDataset {
  name: string;
  read(split: Split): Promise<{ examples: ExampleList; source: DatasetSource }>;
}

/**
 * Finds, and where needed downloads, a dataset: a registered name, a path of a file or folder, or a dataset of the hub,
 * with options as `parseDatasetName` reads them.
 *
 * @throws InputError when there is no such dataset, it cannot be read, or it is not what the run was begun with
 */
export async function openDataset(
  written: string,
  options: LoadOptions = {},
): Promise<OpenDataset> {
  const asked = parseDatasetName(written);
  const before = options.begun?.find(({ name }) => name === written);
  if (before?.hub) asked.revision = before.hub.commit;
  const located = await locateDataset(asked, { ...options, repo: before?.hub?.repo });
  if (before && before.digest !== located.digest) {
    throw new InputError(
      `The run was begun with other data: ${written} had the digest ${
        before.digest.slice(0, 12)
      } and has ` +
        `${
          located.digest.slice(0, 12)
        } now. Put the data back, or begin another run with another exp_name.`,
    );
  }
  return {
    name: written,
    async read(split) {
      const read = await readSplit(located, split, options);
      const { list, picked } = split === "train"
        ? weighted(read.examples, asked.weight, options.splitSeed)
        : { list: read.examples };
      const examples = picked ? new JoinedExamples([{ list, picked }]) : list;
      const { path, digest, hub } = located, { leftOut, labelerKinds } = read;
      const pairs = picked?.pairCount ?? read.pairCount, prompts = examples.length;
      return {
        examples,
        source: { name: written, path, digest, hub, prompts, pairs, leftOut, labelerKinds },
      };
    },
  };
}

/**
 * `weight` of an epoch's prompts: all of them as often as it says whole, and of the rest a share by their hash, the
 * same in all epochs and whatever else is in the dataset.
 */
function weighted(list: ExampleList, weight: number, seed = 0): ExamplePart {
  if (weight === 1) return { list };
  const whole = Math.floor(weight), share = weight - whole;
  const all: number[] = [], some: number[] = [];
  let pairCount = 0, i = 0;
  for (const { prompt, pairs } of list) {
    const more = fractionOf(`weight/${seed}/${prompt}`) < share;
    all.push(i);
    if (more) some.push(i);
    pairCount += (whole + Number(more)) * pairs.length;
    i++;
  }
  const numbers = new Uint32Array(whole * all.length + some.length);
  for (let round = 0; round < whole; round++) numbers.set(all, round * all.length);
  numbers.set(some, whole * all.length);
  return { list, picked: { numbers, pairCount } };
}

/** One split of several datasets as one list, one dataset after the other, as the reference has them. */
export async function readExamples(
  datasets: readonly OpenDataset[],
  split: Split,
): Promise<{ examples: ExampleList; sources: DatasetSource[] }> {
  const read = [];
  for (const dataset of datasets) read.push(await dataset.read(split));
  const sources = read.map(({ source }) => source);
  if (read.length === 1) return { examples: read[0].examples, sources };
  return { examples: new JoinedExamples(read.map(({ examples: list }) => ({ list }))), sources };
}

/** The datasets of a list, which may not be empty. */
export async function openDatasets(
  names: readonly string[],
  options: LoadOptions = {},
): Promise<OpenDataset[]> {
  if (names.length === 0) {
    throw new InputError("Name at least one dataset, for instance datasets=[lc].");
  }
  const open: OpenDataset[] = [];
  for (const name of names) open.push(await openDataset(name, options));
  return open;
}

/** One split of several datasets in memory. */
export async function loadExamples(
  names: readonly string[],
  split: Split,
  options: LoadOptions = {},
): Promise<{ examples: FlatExample[]; sources: DatasetSource[] }> {
  const { examples, sources } = await readExamples(await openDatasets(names, options), split);
  return { examples: [...examples], sources };
}

/** One split of a dataset by prompt, see {@link openDataset}. */
export async function loadPreferenceData(
  name: string,
  split: Split,
  options: LoadOptions = {},
): Promise<PreferenceData> {
  const { examples } = await (await openDataset(name, options)).read(split);
  return new Map(
    Iterator.from(examples).map(({ prompt, truncationMode: _, ...preferences }) =>
      [prompt, preferences] as const
    ),
  );
}

/** What was read of a dataset, told to a person. */
export function sourceLine(
  split: Split,
  { name, prompts, pairs, leftOut, hub }: DatasetSource,
): string {
  const reasons = Object.entries(leftOut).map(([reason, n]) => `${n} ${reason}`).join(", ");
  return `${name}, ${split}: ${pairs} pairs of ${prompts} prompts` +
    (hub ? ` (${hub.repo} at ${hub.commit.slice(0, 12)})` : "") +
    (reasons === "" ? "" : `; left out: ${reasons}`);
}
