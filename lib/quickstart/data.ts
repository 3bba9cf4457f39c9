/**
 * The first steps of the quickstart: questions, answers, judgements, labels. What is in the database already
 * is not done again, so each step may be repeated after any interruption.
 *
 * @module
 */
import { OperationError } from "@/lib/errors.ts";
import { generatedLine } from "@/lib/generation/generated-line.ts";
import { listOllamaModels } from "@/lib/generation/ollama.ts";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { labelByTests } from "@/lib/labels/automatic.ts";
import { addSyntheticPairs } from "@/lib/labels/synthetic.ts";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { importLeetcode } from "@/lib/questions/leetcode.ts";
import type { Question } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import type { AnsweringOptions, AnsweringReport } from "@/lib/quickstart/answering.ts";
import type { Context } from "@/lib/quickstart/context.ts";
import { runTaskProcess } from "@/lib/quickstart/task-process.ts";
import { withStore } from "@/lib/store/store.ts";

/** How many further questions are asked for each pair that is missing: most answers lead to one. */
const QUESTIONS_PER_PAIR = 4, FEWEST_QUESTIONS = 8;
/** How often more answers are sampled before the quickstart gives up on enough pairs. */
const MOST_ROUNDS = 4;

/** Imports LeetCode's questions and HumanEval. */
export async function importQuestions({ options, progress }: Context): Promise<string> {
  const onProgress = progress("questions");
  const reports = await withStore(options.db, async (store) => [
    await importLeetcode(store, onProgress),
    await importHumaneval(store, onProgress),
  ]);
  return reports.map(({ source, inserted, updated, unchanged, unrunnable }) => {
    const total = inserted + updated + unchanged;
    const known = unchanged > 0 ? `, ${unchanged} of them known` : "";
    const without = unrunnable.length > 0
      ? `, ${unrunnable.length} without tests that can be run`
      : "";
    return `${total} questions from ${source}${known}${without}`;
  }).join("; ");
}

/**
 * Two different solutions for each of the first LeetCode questions that tests can judge, and an answer to each
 * question of HumanEval's training half by the model that will be trained.
 */
export async function generateAll(context: Context): Promise<string[]> {
  const { options, log } = context;
  const questions = await withStore(
    options.db,
    (store) => selectQuestions(store, { names: ["leetcode"], runnable: true, limit: options.n }),
  );
  const half = await trainingHalf(context);
  const generator = await generatorName(options.generator, options.model);
  log(`  two solutions each for ${questions.length} questions of LeetCode by ${generator},`);
  log(`  an answer each to ${half.length} questions of HumanEval by ${options.model}`);
  const { pairs, answers } = await ask(context, { pairs: questions, answers: half, generator });
  return [generatedLine(pairs!), generatedLine(answers!)];
}

/** A model of Ollama where a server has one, otherwise the embedded model. */
async function generatorName(wanted: string, model: string): Promise<string> {
  if (wanted !== "auto") return wanted;
  const models = await listOllamaModels();
  return models?.length ? `ollama:${models[0].name}` : model;
}

/** Runs every solution against its tests. */
export async function judgeAll({ options, signal, progress }: Context): Promise<string> {
  const report = await judgeGenerations(options.db, { signal, onProgress: progress("judging") });
  const verdicts = Object.entries(report.verdicts).filter(([, n]) => n > 0).map(([v, n]) =>
    `${n} ${v}`
  );
  const parts = [`${report.judged} judged (${verdicts.join(", ") || "none new"})`];
  if (report.already > 0) parts.push(`${report.already} judged before`);
  if (report.unread > 0) parts.push(`${report.unread} without readable code`);
  if (report.failed.length > 0) {
    parts.push(`${report.failed.length} failed: ${report.failed[0].reason}`);
  }
  return parts.join("; ");
}

/** Labels where tests decide, and reference solutions against failing answers so that there is data to train on. */
export async function labelPairs(context: Context): Promise<string> {
  const { options, log } = context;
  let tests = await withStore(options.db, labelByTests);
  let synthetic = await withStore(options.db, addSyntheticPairs);
  for (let round = 1; tests.decided + synthetic.total < options.minPairs; round++) {
    const missing = options.minPairs - tests.decided - synthetic.total;
    const questions = (await withoutPair(context))
      .slice(0, Math.max(FEWEST_QUESTIONS, QUESTIONS_PER_PAIR * missing));
    if (round > MOST_ROUNDS || questions.length === 0) {
      throw new OperationError(
        `Only ${
          tests.decided + synthetic.total
        } labeled pairs came together, and ${options.minPairs} are wanted: ` +
          `raise answer_tokens, change the seed, or lower min_pairs.`,
      );
    }
    log(
      `  ${
        tests.decided + synthetic.total
      } pairs so far: sampling ${questions.length} further answers`,
    );
    await ask(context, { answers: questions, round });
    await judgeAll(context);
    tests = await withStore(options.db, labelByTests);
    synthetic = await withStore(options.db, addSyntheticPairs);
  }
  const undecided = Object.values(tests.undecided).reduce((a, b) => a + b, 0);
  return `${tests.decided} pairs labeled by tests, ${undecided} left for people, ${synthetic.total} synthetic ones`;
}

async function trainingHalf({ options }: Context): Promise<Question[]> {
  return await withStore(
    options.db,
    (store) =>
      selectQuestions(store, { names: ["humaneval"], split: "train", limit: options.answers }),
  );
}

/** Questions of the training half that no synthetic pair has come from. */
async function withoutPair(context: Context): Promise<Question[]> {
  const questions = await trainingHalf(context);
  const paired = await withStore(
    context.options.db,
    (store) =>
      store.rows<{ slug: string }>("SELECT DISTINCT slug FROM pairs WHERE kind = 'synthetic'"),
  );
  const slugs = new Set(paired.map((row) => row.slug));
  return questions.filter(({ slug }) => !slugs.has(slug));
}

async function ask(
  { options, signal }: Context,
  { pairs = [], answers = [], generator = options.model, round = 0 }: {
    pairs?: Question[];
    answers?: Question[];
    generator?: string;
    round?: number;
  },
): Promise<AnsweringReport> {
  const { db, model, instruction, pairTokens, answerTokens, temperature, topP, seed } = options;
  const slugs = (questions: Question[]) => questions.map(({ slug }) => slug);
  const wanted: AnsweringOptions = {
    ...{ db, model, generator, instruction, pairTokens, answerTokens },
    pairs: slugs(pairs),
    answers: slugs(answers),
    sampling: { temperature, top_p: topP, seed: seed + round },
  };
  const settings = { options: JSON.stringify(wanted) };
  return await runTaskProcess("quickstart-answering", settings, signal) as AnsweringReport;
}
