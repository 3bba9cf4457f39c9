/**
 * Labels as a file, with their history.
 *
 * @module
 */
import { pseudonym, readSalt } from "@/lib/labels/pseudonym.ts";
import type { Store } from "@/lib/store/store.ts";

/** Formats that {@link exportLabels} writes, with what DuckDB writes them by. */
const WRITERS = {
  csv: "FORMAT csv, HEADER true",
  jsonl: "FORMAT json",
  parquet: "FORMAT parquet, COMPRESSION zstd",
} as const;
export type ExportFormat = keyof typeof WRITERS;
export const EXPORT_FORMATS = Object.keys(WRITERS) as ExportFormat[];

/** Texts that people and models wrote, or may have. */
const TEXTS = ["id", "client_id", "pair", "slug", "labeler", "model1", "model2", "reason", "note"];

/**
 * Writes every row of `labels`, those that were changed or taken back later too, in the order they were stored. In CSV,
 * a text that a spreadsheet would take for a formula gets an apostrophe in front.
 *
 * @param path of the file, which is replaced
 * @param names whether people are named; by default they have pseudonyms, which differ from database to database
 */
export async function exportLabels(
  store: Store,
  path: string,
  { format, names = false }: { format: ExportFormat; names?: boolean },
): Promise<void> {
  const people = await store.rows<{ labeler: string; labeler_kind: string }>(
    "SELECT DISTINCT labeler, labeler_kind FROM labels",
  );
  const salt = names ? "" : await readSalt(store);
  const shown = people.map(({ labeler, labeler_kind }) => ({
    labeler,
    shown: names || labeler_kind !== "human" ? labeler : pseudonym(salt, labeler),
  }));
  const guarded = format === "csv"
    ? `REPLACE (${
      TEXTS.map((name) =>
        `CASE WHEN regexp_matches(${name}, '^[=+\\-@\\t\\r\\n]') THEN '''' || ${name} ELSE ${name} END AS ${name}`
      ).join(", ")
    })`
    : "";
  try {
    await store.run("CREATE OR REPLACE TEMP TABLE shown_labelers (labeler TEXT, shown TEXT)");
    await store.run(
      `INSERT INTO shown_labelers SELECT p.labeler, p.shown
       FROM (SELECT unnest(from_json($1::JSON, '[{"labeler":"VARCHAR","shown":"VARCHAR"}]')) AS p)`,
      [shown],
    );
    await store.run(
      `COPY (
         SELECT * ${guarded} FROM (
           SELECT l.id, l.client_id, l.pair, p.slug, g1.model AS model1, g2.model AS model2, l.showing, l.action,
             l.supersedes, s.shown AS labeler, l.labeler_kind, l.preference, l.correctness, l.performance,
             l.readability, l.side_order, l.reason, l.note, l.active_ms, l.wall_ms, l.revealed::TEXT AS revealed,
             strftime(l.created_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS created_at
           FROM labels l JOIN (SELECT DISTINCT * FROM shown_labelers) s ON s.labeler = l.labeler
           LEFT JOIN pairs p ON p.id = l.pair
           LEFT JOIN generations g1 ON g1.id = p.version1 LEFT JOIN generations g2 ON g2.id = p.version2
           ORDER BY l.created_at, l.id
         )
       ) TO '${path.replaceAll("'", "''")}' (${WRITERS[format]})`,
    );
  } finally {
    await store.run("DROP TABLE IF EXISTS temp.shown_labelers");
  }
}
