/**
 * What a notebook finds from those before it. Each function makes the small thing that is missing, so that one
 * may start in the middle, says so, and otherwise does nothing.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { publishFolder } from "@/lib/publish/publish-folder.ts";
import { generateAnswers } from "@/lib/generation/answers.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { generatePairs } from "@/lib/generation/pairs.ts";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { labelByTests } from "@/lib/labels/automatic.ts";
import { addSyntheticPairs } from "@/lib/labels/synthetic.ts";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";

/** How much {@link ensurePairs} makes where there is nothing. */
export interface PairsWanted {
  /** As `model=` everywhere. */
  model: string;
  /** Questions that get a pair, and questions that get one answer. */
  questions: number;
  answers: number;
  /** The most tokens of an answer. */
  num_predict: number;
}

const SMALL_PAIRS: PairsWanted = { model: "smollm2", questions: 2, answers: 24, num_predict: 200 };

/** HumanEval's questions (01-questions). */
export async function ensureQuestions(db: string): Promise<void> {
  if (await isThere(db, "questions")) return;
  const { inserted } = await withStore(db, (store) => importHumaneval(store));
  console.log(`There were no questions yet: imported ${inserted} of HumanEval.`);
}

/** Answers and pairs with verdicts of the unit tests (02-pairs). */
export async function ensurePairs(db: string, wanted = SMALL_PAIRS): Promise<void> {
  await ensureQuestions(db);
  if (await isThere(db, "generations")) return;
  const { model, questions, answers, num_predict } = wanted;
  console.log(`There were no answers yet: ${model} answers ${answers} questions, a minute or so.`);
  const humaneval = await withStore(
    db,
    (store) => selectQuestions(store, { names: ["humaneval"] }),
  );
  const generator = await openGenerator(model);
  try {
    await generatePairs(db, generator, humaneval.slice(0, questions), { num_predict });
    await generateAnswers(db, generator, humaneval.slice(0, answers), { num_predict });
  } finally {
    await generator.close();
  }
  await judgeGenerations(db);
}

/** Labels by unit tests, and the synthetic ones of the demonstration (03-labels). */
export async function ensureLabels(db: string, wanted = SMALL_PAIRS): Promise<void> {
  await ensurePairs(db, wanted);
  if (await isThere(db, "labels")) return;
  const { decided, total } = await withStore(db, async (store) => ({
    ...await labelByTests(store),
    ...await addSyntheticPairs(store),
  }));
  console.log(`There were no labels yet: ${decided} by unit tests, ${total} synthetic.`);
}

/** The dataset folder (04-dataset). */
export async function ensureDataset(
  db: string,
  folder: string,
  wanted = SMALL_PAIRS,
): Promise<void> {
  if (existsSync(join(folder, "README.md"))) return;
  await ensureLabels(db, wanted);
  const { train, test } = await publishFolder(db, folder, {
    includeSynthetic: true,
    testFraction: 0.2,
  });
  console.log(
    `There was no dataset at ${folder} yet: ${train} pairs to train on, ${test} held out.`,
  );
}

async function isThere(db: string, table: string): Promise<boolean> {
  const row = await withStore(
    db,
    (store) => store.row<{ n: number }>(`SELECT count(*) AS n FROM ${table}`),
  );
  return row!.n > 0;
}
