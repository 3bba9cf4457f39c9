/**
 * One split of a dataset, from its files to examples.
 *
 * A dataset that is small stays in memory. A large one is written to the disk, and read from there the next time.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type ExampleCounts, ExampleFile, ExampleFileWriter } from "@/lib/datasets/example-file.ts";
import type { ExampleList, FlatExample } from "@/lib/datasets/example-list.ts";
import type { Split } from "@/lib/datasets/folder.ts";
import { groupRows, type OrderedRow } from "@/lib/datasets/group-rows.ts";
import { CACHE_FOLDER, type LocatedDataset } from "@/lib/datasets/locate.ts";
import { mergeRows } from "@/lib/datasets/merge-rows.ts";
import { numpyPermutation } from "@/lib/datasets/numpy-permutation.ts";
import { inTestSplit } from "@/lib/datasets/order.ts";
import { countRows, rowsOfFile } from "@/lib/datasets/row-files.ts";
import { placed } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";

/** How a dataset is read. */
export interface SplitOptions {
  /** Share of the prompts held out where a dataset has no test split; default 0.1. */
  testFraction?: number;
  /** Not the training seed, so that runs of different seeds share their held-out prompts; default 0. */
  splitSeed?: number;
  /** Folder of large datasets as they were read; default `.cache/datasets` of the project. */
  cacheFolder?: string;
  /** Characters of examples above which they go to the disk; default 64 Mi. */
  inMemory?: number;
}

/** Examples of a split, and what was counted on the way. */
export interface SplitExamples extends ExampleCounts {
  examples: ExampleList;
}

const IN_MEMORY = 1 << 26;

/** More rows than this share that are not as a dataset's rows are mean that it is another dataset. */
const MALFORMED_SHARE = 0.05;
const MALFORMED = "malformed";

/**
 * @throws InputError when a file is broken, or more than a twentieth of the rows are not as they should be: then the
 *   first of them is named
 */
export async function readSplit(
  located: LocatedDataset,
  split: Split,
  options: SplitOptions = {},
): Promise<SplitExamples> {
  const { cacheFolder = CACHE_FOLDER, inMemory = IN_MEMORY } = options;
  const cached = join(cacheFolder, `${await cacheKey(located, split, options)}.jsonl`);
  const file = await ExampleFile.open(cached);
  if (file) return { examples: file, ...file.counts };

  const counts: ExampleCounts = { pairCount: 0, leftOut: {}, labelerKinds: {} };
  const examples: FlatExample[] = [];
  let characters = 0, writer: ExampleFileWriter | undefined;
  try {
    for await (const example of examplesOf(located, split, options, counts)) {
      counts.pairCount += example.pairs.length;
      if (!writer) {
        examples.push(example);
        characters += charactersOf(example);
        if (characters <= inMemory) continue;
        writer = new ExampleFileWriter(cached);
        for (const kept of examples.splice(0)) writer.write(kept);
      } else writer.write(example);
    }
    if (!writer) return { examples, ...counts };
    writer.finish(counts);
  } catch (error) {
    writer?.discard();
    throw error;
  }
  return { examples: (await ExampleFile.open(cached))!, ...counts };
}

const charactersOf = ({ prompt, responses }: FlatExample): number =>
  responses.reduce((sum, { length }) => sum + length, prompt.length);

async function* examplesOf(
  located: LocatedDataset,
  split: Split,
  options: SplitOptions,
  counts: ExampleCounts,
): AsyncGenerator<FlatExample> {
  const { truncationMode = "keep_start", lastRowCounts } = located.dataset;
  const leaveOut = (reason: string) => {
    counts.leftOut[reason] = (counts.leftOut[reason] ?? 0) + 1;
  };
  const rows = rowsOf(located, split, options, leaveOut, (kind) => {
    counts.labelerKinds[kind] = (counts.labelerKinds[kind] ?? 0) + 1;
  });
  for await (const group of groupRows(rows)) {
    const merged = mergeRows(lastRowCounts ? group.slice(-1) : group);
    if ("leftOut" in merged) leaveOut(merged.leftOut);
    else yield { prompt: group[0].prompt, ...merged, truncationMode };
  }
}

async function* rowsOf(
  { files, dataset, path }: LocatedDataset,
  split: Split,
  options: SplitOptions,
  leaveOut: (reason: string) => void,
  noteKind: (kind: string) => void,
): AsyncGenerator<OrderedRow> {
  const { testFraction = 0.1, splitSeed = 0 } = options;
  const divided = files.train === undefined || files.test === undefined;
  const paths = (divided ? files.train ?? files.test : files[split])!;
  const places = divided && dataset.testRows && await shuffledPlaces(paths, dataset.testRows);
  let number = 0, malformed = 0, first: InputError | undefined;
  for (const file of paths) {
    for await (const { place, value } of rowsOfFile(file)) {
      const position = places ? places.of[number] : number;
      number++;
      if (places && (position < places.test) !== (split === "test")) continue;
      let row;
      try {
        row = dataset.read(value);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        first ??= placed(error, place);
        malformed++;
        leaveOut(MALFORMED);
        continue;
      }
      if ("prompt" in row && divided && !places) {
        if (inTestSplit(row.prompt, splitSeed, testFraction) !== (split === "test")) continue;
      }
      if ("leftOut" in row) {
        leaveOut(row.leftOut);
        continue;
      }
      if (row.labelerKind) noteKind(row.labelerKind);
      yield { position, row };
    }
  }
  if (first && malformed > MALFORMED_SHARE * number) {
    if (malformed > 1) first.message += ` (So are ${malformed} of ${number} rows of ${path}.)`;
    throw first;
  }
}

/** Where each row is after shuffling, and before which place it belongs to the test split. */
async function shuffledPlaces(
  paths: readonly string[],
  { fraction, seed }: { fraction: number; seed: number },
): Promise<{ of: Uint32Array; test: number }> {
  const count = await countRows(paths), order = numpyPermutation(count, seed);
  const of = new Uint32Array(count);
  order.forEach((row, place) => of[row] = place);
  return { of, test: Math.trunc(count * fraction) };
}

/** Name of what comes of these data under these options and this code. */
async function cacheKey(
  { digest, files, dataset }: LocatedDataset,
  split: Split,
  { testFraction, splitSeed }: SplitOptions,
): Promise<string> {
  const sizes = [files.train?.length, files.test?.length];
  const hash = createHash("sha256");
  hash.update(JSON.stringify([digest, sizes, dataset, split, testFraction, splitSeed]));
  hash.update(String(dataset.read)).update(await codeDigest());
  return hash.digest("hex").slice(0, 32);
}

let code: Promise<string> | undefined;

/** Of all code that reads datasets: who changes how one is read does not get what was read before. */
const codeDigest = (): Promise<string> => code ??= digestOfCode();

async function digestOfCode(): Promise<string> {
  const folder = import.meta.dirname!, hash = createHash("sha256");
  const files = (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile }) => isFile);
  for (const name of files.map((file) => file.name).sort()) {
    hash.update(await Deno.readTextFile(join(folder, name)));
  }
  return hash.digest("hex");
}
