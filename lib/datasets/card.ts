/**
 * The card of a published dataset: README.md with the YAML that Python's `datasets` and the hub read.
 *
 * @module
 */
import { stringify } from "yaml";
import {
  COLUMNS,
  type PreferenceCounts,
  type PreferenceOptions,
} from "@/lib/datasets/preferences.ts";
import type { Store } from "@/lib/store/store.ts";

/** Name of the key in a card's YAML that says a dataset was made by this project. */
export const CARD_KEY = "codepref";

/** What a card tells beside the options and counts of {@link PreferenceCounts}. */
export interface CardFacts extends PreferenceCounts {
  /** SHA-256 over the data files. */
  digest: string;
  /** Rows by question source, licence, pair kind, labeler kind and split. */
  rows: {
    source: string;
    licence: string;
    redistributable: boolean;
    pair_kind: string;
    labeler_kind: string;
    side: "train" | "test";
    pairs: number;
    questions: number;
  }[];
  difficulties: { difficulty: string; pairs: number }[];
  /** Models that wrote the answers. */
  models: { model: string; answers: number }[];
}

/** Reads what the card tells from the tables that `preparePreferences` left on the connection. */
export async function cardFacts(
  store: Store,
  counts: PreferenceCounts,
  digest: string,
): Promise<CardFacts> {
  const kept = "FROM preferences JOIN sides USING (question) WHERE dropped IS NULL";
  return {
    ...counts,
    digest,
    rows: await store.rows(
      `SELECT source, licence, redistributable, pair_kind, labeler_kind, side,
         count(*) AS pairs, count(DISTINCT question) AS questions ${kept} GROUP BY ALL ORDER BY ALL`,
    ),
    difficulties: await store.rows(
      `SELECT difficulty, count(*) AS pairs ${kept} GROUP BY difficulty ORDER BY difficulty`,
    ),
    models: await store.rows(
      `SELECT model, count(*) AS answers FROM (
         SELECT chosen_model AS model ${kept} UNION ALL SELECT rejected_model ${kept})
       GROUP BY model ORDER BY model`,
    ),
  };
}

/** The whole text of README.md. The same labels and options give the same text. */
export function datasetCard(facts: CardFacts, options: PreferenceOptions): string {
  return `---\n${stringify(frontMatter(facts, options), { lineWidth: 0 })}---\n\n${
    body(facts, options)
  }`;
}

function frontMatter(facts: CardFacts, options: PreferenceOptions) {
  const splits = (["train", "test"] as const).filter((side) => facts[side] > 0);
  return {
    ...licence(facts),
    pretty_name: "Code preferences",
    language: ["en", "code"],
    task_categories: ["text-generation"],
    tags: ["preference", "dpo", "code", "codepref"],
    size_categories: [sizeCategory(facts.train + facts.test)],
    configs: [{
      config_name: "default",
      default: true,
      data_files: splits.map((split) => ({ split, path: `data/${split}-*.parquet` })),
    }],
    dataset_info: {
      config_name: "default",
      features: Object.entries(COLUMNS).map(([name, { type }]) => ({ name, dtype: type })),
      splits: splits.map((split) => ({ name: split, num_examples: facts[split] })),
    },
    [CARD_KEY]: {
      digest: facts.digest,
      seed: options.seed,
      test_fraction: options.testFraction,
      include_synthetic: options.includeSynthetic,
    },
  };
}

/** One licence that allows passing the texts on, or `other` with the reason. */
function licence({ rows }: CardFacts): Record<string, string> {
  const names = [...new Set(rows.map((row) => row.licence))];
  if (names.length === 1 && rows.every((row) => row.redistributable)) {
    return { license: names[0].toLowerCase() };
  }
  return { license: "other", license_name: "several" };
}

function sizeCategory(n: number): string {
  if (n < 1e3) return "n<1K";
  if (n < 1e4) return "1K<n<10K";
  if (n < 1e5) return "10K<n<100K";
  return n < 1e6 ? "100K<n<1M" : "1M<n<10M";
}

function body(facts: CardFacts, options: PreferenceOptions): string {
  const synthetic = facts.rows.filter((r) => r.labeler_kind === "synthetic")
    .reduce((sum, row) => sum + row.pairs, 0);
  const closed = [...new Set(facts.rows.filter((r) => !r.redistributable).map((r) => r.source))];
  const dropped = Object.entries(facts.dropped);
  return [
    "# Code preferences",
    `${
      facts.train + facts.test
    } pairs of Python solutions to programming questions, each with the one that was preferred. ` +
    "Columns `prompt`, `chosen` and `rejected` are what preference optimisation reads; the others say where a pair comes from.",
    synthetic > 0
      ? `**${synthetic} of the pairs are a demonstration, not evidence of anybody's preference**: nobody compared their two answers. ` +
        "A reference solution was set against an answer that failed its tests; `labeler_kind` is `synthetic` there."
      : "",
    "## What is in it",
    table(
      ["split", "questions from", "licence", "pair", "preferred by", "questions", "pairs"],
      facts.rows.map((r) => [
        r.side,
        r.source,
        r.licence,
        r.pair_kind,
        r.labeler_kind,
        r.questions,
        r.pairs,
      ]),
    ),
    table(["difficulty", "pairs"], facts.difficulties.map((d) => [d.difficulty, d.pairs])),
    table(["answers by", "answers"], facts.models.map((m) => [m.model, m.answers])),
    "## Columns",
    table(
      ["column", "type", "meaning"],
      Object.entries(COLUMNS).map(([name, { type, meaning }]) => [`\`${name}\``, type, meaning]),
    ),
    "## How it was made",
    "Two different solutions of one question were compared. Where a human decided on a pair, only humans count, " +
    "otherwise unit tests, then a model as judge, then synthetic labels. Each labeler has one vote, the newest; " +
    "the choice with the most votes wins.",
    `A question is in the test split when a hash of its name and the seed (${options.seed}) falls below ${options.testFraction}; ` +
    "more labels never move a question. Questions that are kept for evaluation are in neither split.",
    dropped.length > 0 ? "Labeled pairs that were left out:" : "No labeled pair was left out.",
    dropped.length > 0 ? table(["reason", "pairs"], dropped) : "",
    "## Licence and limits",
    closed.length > 0
      ? `The texts of these sources may not be passed on: ${
        closed.join(", ")
      }. Keep the dataset to yourself.`
      : "The licences of the questions are in the column `licence`; what a model's licence says about its answers holds too.",
    "Unit tests tell which solution is right, not which is better; reading and speed are judged by humans alone.",
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function table(head: string[], rows: (string | number)[][]): string {
  const line = (cells: (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
