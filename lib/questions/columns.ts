/**
 * Questions from the rows of anybody's dataset, by saying which column holds what.
 *
 * @module
 */
import { rowsOfFile } from "@/lib/datasets/row-files.ts";
import type { SourceRow } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import {
  type CustomQuestion,
  customQuestions,
  type Origin,
  slugOf,
} from "@/lib/questions/custom.ts";
import type { Difficulty } from "@/lib/questions/question.ts";
import { dayOf, setReleased } from "@/lib/questions/released.ts";
import { type ImportReport, upsertQuestions } from "@/lib/questions/upsert.ts";
import type { Store } from "@/lib/store/store.ts";

/** What a column may hold. */
export const COLUMN_KINDS = {
  id: "what tells the question from the others; else the title",
  title: "its title; else its id",
  description: "its text, as Markdown",
  difficulty: "easy, medium or hard",
  topics: "a list, or a text with commas",
  examples: "a list of texts",
  constraints: "a text",
  starter_code: "what an answer begins with: signature and imports",
  entry_point: "the function that the tests call",
  prelude: "Python that solutions find ready: imports and helpers",
  test: "Python with a function check(candidate), as HumanEval's",
  tests: "a list (or its JSON) of assert statements, or of objects with input and output",
  checker:
    "a Python expression over result, expected and input, or a function check(result, expected, *input)",
  reference: "a right solution",
  released: "the day it came out, as 2024-07-01",
} as const;
export type ColumnKind = keyof typeof COLUMN_KINDS;

/** Which column of the rows holds what. */
export type Columns = Partial<Record<ColumnKind, string>>;

/** Files by split, and what is known of where they come from. */
export interface RowSource extends Origin {
  train: readonly string[];
  evaluation: readonly string[];
  columns: Columns;
}

const DIFFICULTIES: readonly Difficulty[] = ["easy", "medium", "hard"];

/**
 * Imports every row as a question of the source; importing again updates and never doubles.
 * @throws InputError when a column is not there, two rows have one id, or a row lacks what a question needs
 */
export async function importRows(
  store: Store,
  { train, evaluation, columns, ...origin }: RowSource,
  onProgress?: OnProgress,
): Promise<ImportReport> {
  if (columns.description === undefined) {
    throw new InputError(
      "Say which column holds the questions' text, and which their tests: columns.description=text columns.tests=test_list",
    );
  }
  const questions: CustomQuestion[] = [];
  const places = new Map<string, string>();
  const evaluated = new Set<string>(), released = new Map<string, string | null>();
  for (const [files, split] of [[train, "train"], [evaluation, "evaluation"]] as const) {
    for (const file of files) {
      for await (const { place, value } of rowsOfFile(file)) {
        const question = questionOf(value, columns, origin.source, questions.length + 1, place);
        const before = places.get(question.slug);
        if (before !== undefined) {
          throw new InputError(
            `${place} and ${before} are both the question ${question.slug}; name a column that tells them apart, ` +
              "with columns.id=",
          );
        }
        places.set(question.slug, place);
        if (split === "evaluation") evaluated.add(question.slug);
        if (columns.released !== undefined) {
          const at = `${place}, column ${columns.released}`;
          released.set(question.slug, dayOf(value[columns.released], at));
        }
        questions.push(question);
      }
    }
  }
  const imported = await customQuestions(
    questions,
    origin,
    ({ slug }) => evaluated.has(slug) ? "evaluation" : "train",
  );
  const report = await upsertQuestions(store, origin.source, imported);
  await setReleased(store, released);
  onProgress?.(questions.length, questions.length, origin.source);
  return report;
}

function questionOf(
  row: SourceRow,
  columns: Columns,
  source: string,
  number: number,
  place: string,
): CustomQuestion {
  for (const [kind, column] of Object.entries(columns)) {
    if (column in row) continue;
    throw new InputError(
      `${place} has no column ${column}, which columns.${kind}= names; it has ${
        Object.keys(row).join(", ")
      }.`,
    );
  }
  const value = (kind: ColumnKind) =>
    columns[kind] === undefined ? null : row[columns[kind]] ?? null;
  const text = (kind: ColumnKind): string => {
    const found = value(kind);
    if (found === null) return "";
    if (typeof found === "object") {
      throw new InputError(`${place}: the column ${columns[kind]} holds no text.`);
    }
    return String(found);
  };
  const title = text("title") || text("id") || `${source} ${number}`;
  const slug = slugOf(text("id") || text("title") || String(number));
  const description = text("description");
  if (!slug || !description.trim()) {
    throw new InputError(
      `${place}: ${
        slug
          ? `the column ${columns.description} is empty`
          : "neither id nor title has a letter or digit"
      }.`,
    );
  }
  const difficulty = text("difficulty").toLowerCase() as Difficulty;
  return {
    slug: `${source}-${slug}`,
    number,
    title,
    description,
    difficulty: DIFFICULTIES.includes(difficulty) ? difficulty : "unknown",
    topics: listOf(value("topics"), place).map(String),
    examples: listOf(value("examples"), place).map(String),
    constraints: text("constraints"),
    starter_code: text("starter_code"),
    entry_point: text("entry_point"),
    prelude: text("prelude"),
    test: text("test"),
    tests: listOf(value("tests"), place, "lines") as CustomQuestion["tests"],
    checker: text("checker"),
    reference_code: text("reference"),
  };
}

/** A list; its JSON; or a text with commas, or one line an item. */
function listOf(
  value: unknown,
  place: string,
  otherwise: "commas" | "lines" = "commas",
): unknown[] {
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") {
    throw new InputError(`${place}: ${typeof value} where a list has to be.`);
  }
  if (/^\s*\[/.test(value)) {
    try {
      const parsed = JSON.parse(value);
      if (Array.isArray(parsed)) return parsed;
    } catch {
      // then it is a text that begins like one
    }
  }
  const parts = value.split(otherwise === "commas" ? "," : "\n");
  return parts.map((part) => part.trim()).filter(Boolean);
}
