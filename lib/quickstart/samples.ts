/**
 * One answer before and after training, on a question that training has never seen.
 *
 * @module
 */
import { join } from "node:path";
import type { Sample } from "@/lib/evaluation/run-summary.ts";
import { DEFAULT_SAMPLING } from "@/lib/generation/requests.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { questionPrompt } from "@/lib/questions/question.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import type { Context } from "@/lib/quickstart/context.ts";
import { withStore } from "@/lib/store/store.ts";

/**
 * Answers the first question of HumanEval's evaluation half, greedily, with the model as it came and as it was
 * trained. The answers are kept beside the run and not computed again.
 *
 * @param policy the folder of the trained model
 * @param run its run folder
 */
export async function sampleBeforeAfter(
  context: Context,
  policy: string,
  run: string,
): Promise<Sample[]> {
  const { options } = context;
  const file = `${run}-samples.json`;
  const known = await Deno.readTextFile(file).catch(() => undefined);
  if (known) return JSON.parse(known);

  const [question] = await withStore(
    options.db,
    (store) => selectQuestions(store, { names: ["humaneval"], split: "evaluation", limit: 1 }),
  );
  const prompt = questionPrompt(question);
  const show = context.progress("sample");
  const answers: string[] = [];
  for (const [done, model] of [options.model, policy].entries()) {
    show(done, 2, done === 0 ? "before training" : "after training");
    answers.push(await answer(model, prompt, context));
  }
  show(2, 2);
  const samples = [{ title: question.title, prompt, before: answers[0], after: answers[1] }];
  const temporary = join(options.out, `.samples.${crypto.randomUUID()}`);
  await Deno.writeTextFile(temporary, JSON.stringify(samples));
  await Deno.rename(temporary, file);
  return samples;
}

async function answer(
  model: string,
  prompt: string,
  { options, signal }: Context,
): Promise<string> {
  const generator = await openGenerator(model);
  try {
    const request = {
      ...DEFAULT_SAMPLING,
      prompt,
      temperature: 0,
      num_predict: options.answerTokens,
    };
    const [{ text, doneReason }] = await generator.generate([request], { signal });
    return doneReason === "length" ? `${text} … (cut after ${options.answerTokens} tokens)` : text;
  } finally {
    await generator.close();
  }
}
