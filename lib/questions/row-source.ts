/**
 * Where the rows of questions are: a file or folder here, or a dataset of the hub.
 *
 * @module
 */
import { parseDatasetName } from "@/lib/datasets/dataset-name.ts";
import { type DownloadOptions, locateDataset } from "@/lib/datasets/locate.ts";
import { InputError } from "@/lib/errors.ts";
import { type Columns, importRows } from "@/lib/questions/columns.ts";
import { slugOf } from "@/lib/questions/custom.ts";
import type { ImportReport } from "@/lib/questions/upsert.ts";
import { type Store, withStore } from "@/lib/store/store.ts";
import type { OnProgress } from "@/lib/progress.ts";

/** What is told of a source beside its rows. */
export interface RowSourceOptions extends DownloadOptions {
  columns: Columns;
  /** What the source is called in the database; default: the file's or repository's name. */
  name?: string;
  licence?: string;
  redistributable?: boolean;
  onRows?: OnProgress;
}

/** Datasets of the hub whose columns are known. */
export const KNOWN_ROWS: Readonly<
  Record<string, { hub: string; licence: string; columns: Columns }>
> = {
  "leetcode-dataset": {
    hub: "newfacade/LeetCodeDataset",
    licence: "Apache-2.0 (dataset); the texts are LeetCode's",
    columns: {
      id: "task_id",
      title: "task_id",
      description: "problem_description",
      difficulty: "difficulty",
      topics: "tags",
      starter_code: "starter_code",
      entry_point: "entry_point",
      prelude: "prompt",
      test: "test",
      reference: "completion",
      released: "estimated_date",
    },
  },
};

/** Names that `importQuestions` keeps for its own packages. */
const TAKEN = ["leetcode", "humaneval", "own"];

/**
 * Imports questions from a file, a folder or the hub (`NAMESPACE/NAME[@REVISION]`), or by a known name. The database is
 * not held while files are downloaded.
 * @throws InputError when there are no such rows, or they are not as the columns say
 */
export async function importFrom(
  dbPath: string,
  where: string,
  { columns, name, licence, redistributable = false, onRows, ...download }: RowSourceOptions,
): Promise<ImportReport> {
  const known = Object.hasOwn(KNOWN_ROWS, where) ? KNOWN_ROWS[where] : undefined;
  const asked = parseDatasetName(known?.hub ?? where);
  const source = slugOf(name ?? (known ? where : baseName(asked.name)));
  if (!source || TAKEN.includes(source)) {
    throw new InputError(
      `The source cannot be called ${source || "that"}; call it another name with name=`,
    );
  }
  const { files, digest, hub } = await locateDataset(asked, download);
  return await withStore(dbPath, (store: Store) =>
    importRows(store, {
      source,
      source_version: hub ? `${hub.repo}@${hub.commit}` : `sha256:${digest}`,
      licence: licence ?? known?.licence ?? "not said",
      redistributable,
      train: files.train ?? [],
      evaluation: files.test ?? [],
      columns: { ...known?.columns, ...columns },
    }, onRows));
}

function baseName(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).at(-1)!.replace(
    /(\.(jsonl|json|csv|tsv|parquet))?(\.gz)?$/i,
    "",
  );
}
