/**
 * Labels to preferences: who counts, who wins, and what is left out and why. DuckDB does the work.
 *
 * @module
 */
import { inTestSplit } from "@/lib/datasets/order.ts";
import { questionFromRow, questionPrompt } from "@/lib/questions/question.ts";
import type { Store } from "@/lib/store/store.ts";

/** Options of {@link preparePreferences}. */
export interface PreferenceOptions {
  /** Whether pairs that only synthetic labels decide are taken. */
  includeSynthetic: boolean;
  /** Seed of the split. */
  seed: number;
  /** Part of the questions that goes to the test split. */
  testFraction: number;
}

/** The columns of a published dataset, in their order, with their types in Python's `datasets`. */
export const COLUMNS = {
  prompt: { type: "string", meaning: "the question as it was put to a model" },
  chosen: { type: "string", meaning: "the preferred answer: Python code in a fenced block" },
  rejected: { type: "string", meaning: "the other answer" },
  question: { type: "string", meaning: "the question's name; a question is in one split only" },
  title: { type: "string", meaning: "the question's title" },
  difficulty: { type: "string", meaning: "easy, medium, hard or unknown" },
  source: { type: "string", meaning: "where the question comes from" },
  licence: { type: "string", meaning: "licence of the question's source" },
  pair: { type: "string", meaning: "the pair's id in the database it was labeled in" },
  pair_kind: {
    type: "string",
    meaning: "generated (two answers of a model) or synthetic (a reference solution and an answer)",
  },
  labeler_kind: {
    type: "string",
    meaning: "who preferred: human, tests (unit tests), judge (a model) or synthetic (nobody did)",
  },
  labelers: { type: "int32", meaning: "labelers of that kind who decided on the pair" },
  agreeing: { type: "int32", meaning: "those of them who preferred `chosen`" },
  chosen_model: { type: "string", meaning: "model that wrote `chosen`" },
  rejected_model: { type: "string", meaning: "model that wrote `rejected`" },
} as const;

/** The weightiest first: where a human has decided on a pair, tests do not count, and so on. */
const KINDS = "['human', 'tests', 'judge', 'synthetic']";

const PREFERENCES = `
CREATE OR REPLACE TEMP TABLE preferences AS
WITH standing AS (
  SELECT pair, labeler_kind, preference
  FROM labels
  WHERE action = 'label' AND preference IS NOT NULL
    AND id NOT IN (SELECT supersedes FROM labels WHERE supersedes IS NOT NULL)
  QUALIFY row_number() OVER (PARTITION BY pair, labeler ORDER BY showing DESC, created_at DESC, id DESC) = 1
),
weightiest AS (
  SELECT * FROM standing
  QUALIFY list_position(${KINDS}, labeler_kind) = min(list_position(${KINDS}, labeler_kind)) OVER (PARTITION BY pair)
),
counted AS (
  SELECT pair, labeler_kind, count(*) AS labelers,
    count(*) FILTER (preference = 'version1') AS version1,
    count(*) FILTER (preference = 'version2') AS version2,
    count(*) FILTER (preference = 'same') AS same,
    count(*) FILTER (preference = 'both_bad') AS both_bad
  FROM weightiest GROUP BY pair, labeler_kind
),
decided AS (
  SELECT *, CASE
    WHEN version1 > greatest(version2, same, both_bad) THEN 'version1'
    WHEN version2 > greatest(version1, same, both_bad) THEN 'version2'
    WHEN same > greatest(version1, version2, both_bad) THEN 'same'
    WHEN both_bad > greatest(version1, version2, same) THEN 'both bad'
    ELSE 'labelers divided' END AS outcome
  FROM counted
),
joined AS (
  SELECT d.labeler_kind, d.labelers, greatest(d.version1, d.version2) AS agreeing, d.outcome,
    p.id AS pair, p.kind AS pair_kind, p.slug AS question,
    q.title, q.difficulty, q.source, q.licence, q.redistributable, q.split AS fixed_split,
    CASE WHEN d.outcome = 'version2' THEN g2.code ELSE g1.code END AS chosen_code,
    CASE WHEN d.outcome = 'version2' THEN g1.code ELSE g2.code END AS rejected_code,
    CASE WHEN d.outcome = 'version2' THEN g2.model ELSE g1.model END AS chosen_model,
    CASE WHEN d.outcome = 'version2' THEN g1.model ELSE g2.model END AS rejected_model
  FROM decided d
  LEFT JOIN pairs p ON p.id = d.pair
  LEFT JOIN questions q ON q.slug = p.slug
  LEFT JOIN generations g1 ON g1.id = p.version1
  LEFT JOIN generations g2 ON g2.id = p.version2
),
judged AS (
  SELECT *, CASE
    WHEN outcome NOT IN ('version1', 'version2') THEN outcome
    WHEN labeler_kind = 'synthetic' AND NOT $1::BOOLEAN THEN 'synthetic'
    WHEN fixed_split IS NULL THEN 'question missing'
    WHEN fixed_split <> 'train' THEN 'evaluation question'
    WHEN chosen_code IS NULL OR rejected_code IS NULL THEN 'unread answer'
    WHEN trim(chosen_code, E' \\n\\r\\t') = trim(rejected_code, E' \\n\\r\\t') THEN 'identical answers'
  END AS dropped
  FROM joined
)
SELECT * EXCLUDE (chosen_code, rejected_code, outcome, fixed_split, dropped),
  fenced(chosen_code) AS chosen, fenced(rejected_code) AS rejected,
  coalesce(dropped, CASE
    WHEN row_number() OVER (
      PARTITION BY question, chosen_code, rejected_code, dropped IS NULL
      ORDER BY list_position(${KINDS}, labeler_kind), pair) > 1 THEN 'duplicate'
  END) AS dropped
FROM judged`;

/** A code block; a longer fence where the code itself holds one. */
const FENCED = `
CREATE OR REPLACE TEMP MACRO fenced(code) AS
  (CASE WHEN contains(code, '\`\`\`') THEN '\`\`\`\`' ELSE '\`\`\`' END) || 'python' || chr(10)
  || trim(code, E'\\n\\r') || chr(10) || (CASE WHEN contains(code, '\`\`\`') THEN '\`\`\`\`' ELSE '\`\`\`' END)`;

/** What {@link preparePreferences} found. */
export interface PreferenceCounts {
  /** Labeled pairs that are left out, by reason. */
  dropped: Record<string, number>;
  train: number;
  test: number;
}

/**
 * Leaves two temporary tables on the store's connection: `preferences` (one row a labeled pair; `dropped` says
 * why a pair is left out) and `sides` (question, prompt and split). For each pair the labels of its weightiest
 * kind of labeler count, one a labeler, the newest that was not taken back; the choice of most of them wins.
 */
export async function preparePreferences(
  store: Store,
  { includeSynthetic, seed, testFraction }: PreferenceOptions,
): Promise<PreferenceCounts> {
  await store.run(FENCED);
  await store.run(PREFERENCES, [includeSynthetic]);
  const questions = await store.rows<Parameters<typeof questionFromRow>[0]>(
    "SELECT * FROM questions WHERE slug IN (SELECT question FROM preferences WHERE dropped IS NULL)",
  );
  await store.run(
    "CREATE OR REPLACE TEMP TABLE sides (question TEXT PRIMARY KEY, prompt TEXT NOT NULL, side TEXT NOT NULL)",
  );
  await store.insert(
    "sides",
    questions.map((row) => ({
      question: row.slug,
      prompt: questionPrompt(questionFromRow(row)),
      side: inTestSplit(row.slug, seed, testFraction) ? "test" : "train",
    })),
  );
  const dropped = await store.rows<{ dropped: string; n: number }>(
    "SELECT dropped, count(*) AS n FROM preferences WHERE dropped IS NOT NULL GROUP BY dropped ORDER BY dropped",
  );
  const sides = await store.rows<{ side: "train" | "test"; n: number }>(
    "SELECT side, count(*) AS n FROM preferences JOIN sides USING (question) WHERE dropped IS NULL GROUP BY side",
  );
  return {
    dropped: Object.fromEntries(dropped.map(({ dropped, n }) => [dropped, n])),
    train: sides.find(({ side }) => side === "train")?.n ?? 0,
    test: sides.find(({ side }) => side === "test")?.n ?? 0,
  };
}

/** Writes one split of what {@link preparePreferences} left, in an order that the labels' texts decide. */
export async function writeParquet(
  store: Store,
  side: "train" | "test",
  path: string,
): Promise<void> {
  const columns = Object.entries(COLUMNS)
    .map(([name, { type }]) => (type === "int32" ? `${name}::INTEGER AS ${name}` : name)).join(
      ", ",
    );
  await store.run(
    `COPY (SELECT ${columns} FROM preferences JOIN sides USING (question)
           WHERE dropped IS NULL AND side = '${side}' ORDER BY question, pair)
     TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
  );
}
