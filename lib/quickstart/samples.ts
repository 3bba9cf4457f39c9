/**
 * One answer before and after training, on a question that training has never seen.
 *
 * @module
 */
import type { Sample } from "@/lib/evaluation/run-summary.ts";
import type { Question } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import type { Context } from "@/lib/quickstart/context.ts";
import { runTaskProcess } from "@/lib/quickstart/task-process.ts";
import { withStore } from "@/lib/store/store.ts";

interface Stored {
  prompt: string;
  raw_text: string;
  done_reason: string;
}

/**
 * Answers the first question of HumanEval's evaluation half, greedily, with the model as it came and as it was
 * trained. The answers lie in the database like all others.
 *
 * @param policy the folder of the trained model
 */
export async function sampleBeforeAfter(context: Context, policy: string): Promise<Sample> {
  const [question] = await withStore(
    context.options.db,
    (store) => selectQuestions(store, { names: ["humaneval"], split: "evaluation", limit: 1 }),
  );
  const before = await answer(context, question, context.options.model);
  const after = await answer(context, question, policy);
  return { title: question.title, prompt: before.prompt, before: text(before), after: text(after) };
}

async function answer(
  { options, signal }: Context,
  question: Question,
  model: string,
): Promise<Stored> {
  await runTaskProcess("generate", {
    db: options.db,
    kind: "answers",
    questions: [question.slug],
    model,
    temperature: 0,
    num_predict: options.answerTokens,
    seed: options.seed,
  }, signal);
  const stored = await withStore(options.db, (store) =>
    store.row<Stored>(
      `SELECT prompt, raw_text, done_reason FROM generations
       WHERE slug = $1 AND model = $2 AND json_extract(options, '$.temperature')::DOUBLE = 0
       ORDER BY created_at DESC, variant LIMIT 1`,
      [question.slug, model],
    ));
  return stored!;
}

function text({ raw_text, done_reason }: Stored): string {
  return done_reason === "length" ? `${raw_text} … (cut here)` : raw_text;
}
