/**
 * What is going to be published, for people to look at.
 *
 * @module
 */
import { join } from "node:path";
import type { DatasetFacts } from "@/lib/publish/facts.ts";
import type { CardFigure } from "@/lib/publish/figures.ts";
import { limitedOrigins } from "@/lib/publish/licences.ts";
import { remedyOf } from "@/lib/publish/remedies.ts";
import { tableRows } from "@/lib/publish/tables.ts";
import type { Row, Store } from "@/lib/store/store.ts";

/** Counts, first rows and files. */
export interface Preview {
  digest: string;
  /** Rows of each split of each config. */
  sizes: DatasetFacts["sizes"];
  /** Pairs by who preferred. */
  labelerKinds: Record<string, number>;
  /** Labeled pairs that are left out, by reason. */
  dropped: Record<string, number>;
  /** Sources and models whose texts may not simply be passed on, with the reason. */
  limited: Record<string, string>;
  /** The first rows of the training split. */
  rows: Row[];
  files: { path: string; bytes: number }[];
  /** README.md. */
  card: string;
  /** The card's pictures. */
  figures: CardFigure[];
}

/** A dataset's files in a folder, and what they were made of. */
export interface Filled extends Pick<Preview, "card" | "figures"> {
  facts: DatasetFacts;
  /** Relative to the folder. */
  files: readonly string[];
}

const ROWS = 3;

/** Reads the preview of files that were written to a folder from the views on the connection. */
export async function previewOf(
  store: Store,
  folder: string,
  { facts, files, card, figures }: Filled,
): Promise<Preview> {
  const { digest, sizes, dropped } = facts;
  return {
    ...{ digest, sizes, dropped, card, figures },
    labelerKinds: labelerKinds(facts),
    limited: Object.fromEntries(limitedOrigins(facts)),
    rows: await store.rows(`${tableRows("default", "train")} LIMIT ${ROWS}`),
    files: await Promise.all(files.map(async (path) => ({
      path,
      bytes: (await Deno.stat(join(folder, path))).size,
    }))),
  };
}

/** Pairs by who preferred. */
export function labelerKinds({ rows }: Pick<DatasetFacts, "rows">): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labeler_kind, pairs } of rows) {
    counts[labeler_kind] = (counts[labeler_kind] ?? 0) + pairs;
  }
  return counts;
}

/** A preview as text: what there is, the first rows with long texts cut, the files. */
export function previewLines(
  { sizes, labelerKinds, dropped, rows, files }: Omit<Preview, "figures">,
): string[] {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(", ");
  return [
    ...Object.entries(sizes).map(([config, { train, test }]) =>
      `config ${config}: ${train} rows to train on, ${test} held out`
    ),
    `preferred by: ${list(labelerKinds)}`,
    ...Object.entries(dropped).map(([reason, n]) => {
      const remedy = remedyOf(reason);
      return `left out: ${n} ${reason}${remedy === undefined ? "" : ` (${remedy})`}`;
    }),
    ...rows.flatMap((row, i) => [
      `row ${i + 1}:`,
      ...Object.entries(row).map(([name, value]) => `  ${name}: ${cut(String(value))}`),
    ]),
    ...files.map(({ path, bytes }) => `file ${path}, ${bytes.toLocaleString("en")} bytes`),
  ];
}

const cut = (text: string): string => {
  const line = JSON.stringify(text).slice(1, -1);
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
};
