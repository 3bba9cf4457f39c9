/**
 * Labels to a dataset folder that Python's `datasets.load_dataset(folder)` reads.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { filesDigest } from "@/lib/datasets/digest.ts";
import { readCard } from "@/lib/datasets/folder.ts";
import { recoverFolder, removeFolder, replaceFolder } from "@/lib/datasets/replace-folder.ts";
import { InputError } from "@/lib/errors.ts";
import { CARD_KEY, datasetCard } from "@/lib/publish/card.ts";
import { type DatasetFacts, datasetFacts } from "@/lib/publish/facts.ts";
import { cardFigures } from "@/lib/publish/figures.ts";
import { completeOptions, type PreferenceOptions } from "@/lib/publish/options.ts";
import type { PreferenceCounts } from "@/lib/publish/preferences.ts";
import { prepare } from "@/lib/publish/prepare.ts";
import { type Filled, labelerKinds, type Preview, previewOf } from "@/lib/publish/preview.ts";
import { recordRevision } from "@/lib/publish/revisions.ts";
import { beginStep, type StepOptions } from "@/lib/publish/steps.ts";
import {
  type ConfigName,
  CONFIGS,
  type FileKind,
  type Side,
  tableFile,
  writeTable,
} from "@/lib/publish/tables.ts";
import { type Store, withStore } from "@/lib/store/store.ts";

/** Options of {@link publishFolder}; see {@link PreferenceOptions} for the others and what holds where nothing is said. */
export interface PublishOptions extends Partial<PreferenceOptions>, StepOptions {
  /** What the tables are written as; default parquet. */
  kind?: FileKind;
  /** Looks at what is going to be published, and throws where it must not be; nothing is written then. */
  check?: (facts: DatasetFacts) => void;
  /** Told what is going to be published before it takes the place of what is there. */
  onPreview?: (preview: Preview) => void;
}

/** What was published. Counts are of pairs. */
export interface Published {
  /** Absolute path of the folder. */
  path: string;
  /** SHA-256 over the data files of the default config: the same labels give the same one. */
  digest: string;
  train: number;
  test: number;
  /** Pairs by who preferred. */
  labelerKinds: Record<string, number>;
  /** Labeled pairs that were left out, by reason. */
  dropped: Record<string, number>;
  /** False when the folder held exactly this already. */
  changed: boolean;
}

/**
 * Writes `README.md`, pictures and a file for each split of each config to `out`, replacing a dataset of this project
 * there as a whole, and records the revision in the database.
 *
 * @throws InputError when no labeled pair is left for training, texts hold what is not to be published, `out` holds
 *   something else, or an option cannot be right
 */
export async function publishFolder(
  dbPath: string,
  out: string,
  { kind = "parquet", check, onPreview, onStep, signal, ...given }: PublishOptions = {},
): Promise<Published> {
  const options = completeOptions(given), path = resolve(out), steps = { onStep, signal };
  return await withStore(dbPath, async (store) => {
    await checkTarget(path);
    const counts = await prepare(store, dbPath, options, steps);
    const partial = join(dirname(path), `.${basename(path)}.partial`);
    await removeFolder(partial);
    try {
      const filled = await fill(store, partial, counts, options, { kind, check, ...steps });
      const { facts, files } = filled;
      onPreview?.(await previewOf(store, partial, filled));
      signal?.throwIfAborted();
      const changed = !await holdsAlready(path, files, partial);
      if (changed) await replaceFolder(partial, path);
      const { digest, train, test, dropped } = facts;
      const published = {
        ...{ path, digest, train, test, dropped, changed },
        labelerKinds: labelerKinds(facts),
      };
      await recordRevision(store, published, options);
      beginStep(steps, "done");
      return published;
    } finally {
      await removeFolder(partial);
    }
  }, { create: false });
}

/**
 * What {@link publishFolder} would publish. Nothing is written, but for a folder that is gone afterwards.
 *
 * @throws InputError as {@link publishFolder}
 */
export async function previewDataset(
  dbPath: string,
  { kind = "parquet", check, onPreview, onStep, signal, ...given }: PublishOptions = {},
): Promise<Preview> {
  const options = completeOptions(given), steps = { onStep, signal };
  return await withStore(dbPath, async (store) => {
    const counts = await prepare(store, dbPath, options, steps);
    const folder = await Deno.makeTempDir({ prefix: "codepref-preview-" });
    try {
      const filled = await fill(store, folder, counts, options, { kind, check, ...steps });
      const preview = await previewOf(store, folder, filled);
      onPreview?.(preview);
      beginStep(steps, "done");
      return preview;
    } finally {
      await removeFolder(folder);
    }
  }, { create: false });
}

/** Writes all files of a dataset. */
async function fill(
  store: Store,
  folder: string,
  counts: PreferenceCounts,
  options: PreferenceOptions,
  { kind, check, ...steps }: Pick<PublishOptions, "check"> & StepOptions & { kind: FileKind },
): Promise<Filled> {
  check?.(await datasetFacts(store, counts, ""));
  beginStep(steps, "writing the tables");
  const tables = await writeTables(store, folder, kind);
  const facts = await datasetFacts(store, counts, await filesDigest(folder, tables.default));
  beginStep(steps, "writing the card");
  const figures = cardFigures(facts);
  await Deno.mkdir(join(folder, "figures"));
  for (const { path, svg } of figures) await Deno.writeTextFile(join(folder, path), svg);
  const card = datasetCard(facts, options, kind, figures);
  await Deno.writeTextFile(join(folder, "README.md"), card);
  const files = ["README.md", ...Object.values(tables).flat(), ...figures.map(({ path }) => path)];
  return { facts, files, card, figures };
}

/** Writes the splits that hold something. Their paths in the folder. */
async function writeTables(
  store: Store,
  folder: string,
  kind: FileKind,
): Promise<Record<ConfigName, string[]>> {
  const files: Record<ConfigName, string[]> = { default: [], original: [] };
  for (const config of Object.keys(CONFIGS) as ConfigName[]) {
    const sides = await store.rows<{ side: Side }>(
      `SELECT DISTINCT side FROM published_${config} ORDER BY side`,
    );
    for (const { side } of sides) {
      const file = tableFile(config, side, kind);
      await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
      await writeTable(store, config, side, join(folder, file), kind);
      files[config].push(file);
    }
  }
  return files;
}

/** Refuses to replace what this project did not write. */
async function checkTarget(path: string): Promise<void> {
  if (!await recoverFolder(path)) return;
  const refusal = new InputError(
    `${path} exists and is no dataset that was published from here; name another folder with out=DIR.`,
  );
  if (!(await Deno.stat(path)).isDirectory) throw refusal;
  const entries = await Array.fromAsync(Deno.readDir(path));
  if (entries.length > 0 && !(CARD_KEY in await readCard(path))) throw refusal;
}

async function holdsAlready(
  path: string,
  files: readonly string[],
  partial: string,
): Promise<boolean> {
  try {
    return await filesDigest(path, files) === await filesDigest(partial, files);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
