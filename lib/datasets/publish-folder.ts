/**
 * Labels to a dataset folder that Python's `datasets.load_dataset(folder)` reads.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { CARD_KEY, cardFacts, datasetCard } from "@/lib/datasets/card.ts";
import { filesDigest } from "@/lib/datasets/digest.ts";
import { readCard } from "@/lib/datasets/folder.ts";
import { preparePreferences, writeParquet } from "@/lib/datasets/preferences.ts";
import { recoverFolder, removeFolder, replaceFolder } from "@/lib/datasets/replace-folder.ts";
import { InputError } from "@/lib/errors.ts";
import { type Store, withStore } from "@/lib/store/store.ts";

/** Options of {@link publishFolder}. */
export interface PublishOptions {
  /** Take pairs that only synthetic labels decide; default false. */
  includeSynthetic?: boolean;
  /** Seed of the split; default 0. */
  seed?: number;
  /** Part of the questions that goes to the test split, from 0 up to 1; default 0.1. */
  testFraction?: number;
}

/** What was published. Counts are of pairs. */
export interface Published {
  /** Absolute path of the folder. */
  path: string;
  /** SHA-256 over the data files: the same labels give the same one. */
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
 * Writes `README.md` and `data/{train,test}-00000-of-00001.parquet` to `out`, replacing a dataset of this
 * project there as a whole, and records the revision in the database.
 *
 * @throws InputError when no labeled pair is left for training, `out` holds something else, or the fraction is
 *   none
 */
export async function publishFolder(
  dbPath: string,
  out: string,
  { includeSynthetic = false, seed = 0, testFraction = 0.1 }: PublishOptions = {},
): Promise<Published> {
  if (!(testFraction >= 0 && testFraction < 1)) {
    throw new InputError(`test_fraction=${testFraction} has to be a number from 0 up to below 1.`);
  }
  const path = resolve(out);
  return await withStore(dbPath, async (store) => {
    await checkTarget(path);
    const options = { includeSynthetic, seed, testFraction };
    const counts = await preparePreferences(store, options);
    if (counts.train === 0) throw nothingToTrainOn(dbPath, counts);

    const partial = join(dirname(path), `.${basename(path)}.partial`);
    await removeFolder(partial);
    try {
      await Deno.mkdir(join(partial, "data"), { recursive: true });
      const files: string[] = [];
      for (const side of ["train", "test"] as const) {
        if (counts[side] === 0) continue;
        const file = `data/${side}-00000-of-00001.parquet`;
        await writeParquet(store, side, join(partial, file));
        files.push(file);
      }
      const digest = await filesDigest(partial, files);
      const facts = await cardFacts(store, counts, digest);
      const card = datasetCard(facts, options);
      await Deno.writeTextFile(join(partial, "README.md"), card);

      const changed = !await holdsAlready(path, [...files, "README.md"], partial);
      if (changed) await replaceFolder(partial, path);
      const labelerKinds: Record<string, number> = {};
      for (const { labeler_kind, pairs } of facts.rows) {
        labelerKinds[labeler_kind] = (labelerKinds[labeler_kind] ?? 0) + pairs;
      }
      const published = { path, digest, ...counts, labelerKinds, changed };
      await recordRevision(store, published, options);
      return published;
    } finally {
      await removeFolder(partial);
    }
  }, { create: false });
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

async function holdsAlready(path: string, files: string[], partial: string): Promise<boolean> {
  try {
    return await filesDigest(path, files) === await filesDigest(partial, files);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function recordRevision(
  store: Store,
  { path, digest, train, test, dropped, labelerKinds }: Published,
  options: Required<PublishOptions>,
): Promise<void> {
  const newest = await store.row<{ path: string; digest: string }>(
    "SELECT path, digest FROM dataset_revisions ORDER BY created_at DESC, id DESC LIMIT 1",
  );
  if (newest?.path === path && newest.digest === digest) return;
  await store.insert("dataset_revisions", [{
    id: crypto.randomUUID(),
    path,
    digest,
    card: { ...options, train, test, dropped, labelerKinds },
  }]);
}

function nothingToTrainOn(
  dbPath: string,
  { dropped, test }: { dropped: Record<string, number>; test: number },
): InputError {
  const reasons = Object.entries({ ...dropped, ...(test > 0 ? { "test split": test } : {}) })
    .map(([reason, n]) => `${n} ${reason}`).join(", ");
  return new InputError(
    reasons === ""
      ? `${dbPath} holds no labels yet; label some pairs with: deno task label db=${dbPath}`
      : `No labeled pair of ${dbPath} can be trained on (${reasons}); label more with: deno task label db=${dbPath}` +
        (dropped.synthetic ? ", or take the synthetic ones with include_synthetic=true" : ""),
  );
}
