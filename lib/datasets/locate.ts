/**
 * From a dataset's name to its files: those published here, a path, or the hub.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readAnyFormat } from "@/lib/datasets/any-format.ts";
import { databaseFiles, isDatabase } from "@/lib/datasets/database-files.ts";
import type { DatasetName } from "@/lib/datasets/dataset-name.ts";
import { fileDigest, filesDigest } from "@/lib/datasets/digest.ts";
import {
  filesOfSplits,
  type FolderOptions,
  readCard,
  type SplitFiles,
  splitFiles,
} from "@/lib/datasets/folder.ts";
import { publishedLc } from "@/lib/datasets/lc.ts";
import { DATA_FILE } from "@/lib/datasets/row-files.ts";
import { DATASETS, type KnownDataset } from "@/lib/datasets/registry.ts";
import { InputError } from "@/lib/errors.ts";
import { downloadSnapshot, isRepoName, type SnapshotOptions } from "@/lib/hub/mod.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { isMotherDuck } from "@/lib/store/attached.ts";

const CARD = "README.md";

/** Where large datasets, and those of databases, are kept as they were read. */
export const CACHE_FOLDER = join(PROJECT_ROOT, ".cache", "datasets");

/** Where the downloads of the hub go is its client's to know; what is told of them goes here. */
export type DownloadOptions = Pick<SnapshotOptions, "onProgress" | "log" | "signal">;

/** A dataset's files, and how they are read. */
export interface LocatedDataset {
  /** Absolute path of the file or folder. */
  path: string;
  /** Paths of the splits' files. */
  files: SplitFiles;
  /** SHA-256 over all of them; for the hub's over repository, commit and their names, which say as much. */
  digest: string;
  /** Where it came from the hub. */
  hub?: { repo: string; commit: string };
  dataset: Omit<KnownDataset, "hub">;
}

/**
 * @param db database that `lc` was published from
 * @param repo where a registered name was read from on the hub before, with `revision` its commit there
 * @throws InputError when there is no such dataset
 */
export async function locateDataset(
  asked: DatasetName,
  { db = "data/codepref.duckdb", repo, cacheFolder = CACHE_FOLDER, ...download }:
    & DownloadOptions
    & { db?: string; repo?: string; cacheFolder?: string },
): Promise<LocatedDataset> {
  const { name, path, revision } = asked, known = DATASETS[name];
  if (!known) {
    if (path !== undefined) {
      throw new InputError(`+path= is for the registered names (${names()}); name ${path} itself.`);
    }
    if (isDatabase(name)) return await inDatabase(name, asked, cacheFolder);
    const dataset = { read: readAnyFormat };
    if (existsSync(name)) return await onDisk(name, asked, dataset);
    if (isRepoName(name) && !DATA_FILE.test(name)) {
      return await onHub(name, asked, dataset, download);
    }
    throw new InputError(
      `There is no dataset ${name}: it is none of the registered names (${names()}), no file or folder here, ` +
        "and no NAMESPACE/NAME that could be on the hub.",
    );
  }
  if (path !== undefined) {
    if (existsSync(path)) return await onDisk(path, asked, known);
    throw new InputError(`There is no file or folder ${path}, which +path= names.`);
  }
  if (name === "lc" && revision === undefined) {
    const published = await publishedLc(db);
    if (published?.path !== undefined) return await asPublished(published, asked, db);
    if (published) {
      return await onHub(published.repo, { ...asked, revision: published.commit }, known, download);
    }
  }
  try {
    return await onHub(repo ?? known.hub, asked, known, download);
  } catch (error) {
    if (name !== "lc" || revision !== undefined || !(error instanceof Error)) throw error;
    error.message =
      `Nothing was published from ${db} yet (deno task publish db=${db}), and ${known.hub}, which is ` +
      `taken then, cannot be had: ${error.message}`;
    throw error;
  }
}

const names = () => Object.keys(DATASETS).join(", ");

function folderOptions(
  asked: DatasetName,
  { splits }: Pick<KnownDataset, "splits">,
): FolderOptions {
  const { config, train = splits?.train, test = splits?.test } = asked;
  return { config, splits: { train, test } };
}

async function onDisk(
  path: string,
  asked: DatasetName,
  dataset: LocatedDataset["dataset"],
): Promise<LocatedDataset> {
  const place = resolve(path);
  if (!(await Deno.stat(path)).isDirectory) {
    for (const option of ["config", "train", "test"] as const) {
      if (asked[option] === undefined) continue;
      throw new InputError(
        `+${option}= is for folders and datasets of the hub, and ${path} is a file.`,
      );
    }
    return { path: place, files: { train: [place] }, digest: await fileDigest(path), dataset };
  }
  const splits = await splitFiles(path, folderOptions(asked, dataset));
  const digest = await filesDigest(place, allOf(splits));
  return { path: place, files: inFolder(place, splits), digest, dataset };
}

async function inDatabase(
  name: string,
  asked: DatasetName,
  cacheFolder: string,
): Promise<LocatedDataset> {
  const option = (["config", "train", "test"] as const).find((key) => asked[key] !== undefined);
  if (option !== undefined) {
    throw new InputError(
      `+${option}= is for folders and datasets of the hub, and ${name} is a database.`,
    );
  }
  if (!isMotherDuck(name) && !existsSync(name)) {
    throw new InputError(`There is no database ${name}.`);
  }
  const { files, digest, read } = await databaseFiles(name, cacheFolder);
  return { path: isMotherDuck(name) ? name : resolve(name), files, digest, dataset: { read } };
}

/** The splits' files by their whole paths. */
function inFolder(folder: string, { train, test }: SplitFiles): SplitFiles {
  const inside = (files?: string[]) => files?.map((file) => join(folder, file));
  return { train: inside(train), test: inside(test) };
}

const allOf = ({ train, test }: SplitFiles): string[] => [train ?? [], test ?? []].flat();

async function asPublished(
  { path, digest, remedy }: { path: string; digest: string; remedy: string },
  asked: DatasetName,
  db: string,
): Promise<LocatedDataset> {
  const located = await onDisk(path, asked, { read: readAnyFormat });
  if (located.digest === digest) return located;
  throw new InputError(
    `The dataset at ${path}, published from ${db}, is not as it was published (its files have changed); ${remedy} ` +
      `out=${path}, or train on the changed files with: datasets=[${path}]`,
  );
}

async function onHub(
  repo: string,
  asked: DatasetName,
  dataset: LocatedDataset["dataset"],
  download: DownloadOptions,
): Promise<LocatedDataset> {
  const of = { type: "dataset", name: repo } as const;
  let splits: SplitFiles = {};
  const splitsOf = (paths: string[], card: Record<string, unknown>): string[] => {
    splits = filesOfSplits(repo, paths, card, folderOptions(asked, dataset));
    return allOf(splits);
  };
  const shown = (files: readonly { path: string }[]): string[] =>
    files.map(({ path }) => path).filter((path) =>
      !path.split("/").some((part) => part.startsWith("."))
    );
  try {
    // Where there is a card, it says which of the other files are wanted.
    const first = await downloadSnapshot(of, {
      ...download,
      revision: asked.revision,
      select: (files) =>
        files.some(({ path }) => path === CARD) ? [CARD] : splitsOf(shown(files), {}),
    });
    const { folder, commit } = first;
    if (first.files.includes(CARD)) {
      const card = await readCard(folder);
      const select = (files: readonly { path: string }[]) => splitsOf(shown(files), card);
      await downloadSnapshot(of, { ...download, revision: commit, select });
    }
    const named = JSON.stringify([repo, commit, splits]);
    const digest = createHash("sha256").update(named).digest("hex");
    return {
      path: folder,
      files: inFolder(folder, splits),
      digest,
      hub: { repo, commit },
      dataset,
    };
  } catch (error) {
    const elsewhere = DATASETS[asked.name] ? ":" : " is no file or folder here;";
    if (error instanceof Error) {
      error.message = `datasets=[${asked.name}]${elsewhere} ${error.message}`;
    }
    throw error;
  }
}
