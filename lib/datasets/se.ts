/**
 * `se`: questions and answers of Stack Exchange (HuggingFaceH4/stack-exchange-preferences), as the reference's `get_se`
 * reads them.
 *
 * @module
 */
import {
  kindOf,
  numberIn,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";
import { stripHtml } from "@/lib/datasets/strip-html.ts";
import { InputError } from "@/lib/errors.ts";

/**
 * All answers to one question, each compared with each other by `pm_score`. Of two with the same score the later one
 * counts as preferred, as it does there.
 */
export function readSe(row: SourceRow): RowPreferences {
  const prompt = `\n\nHuman: ${stripHtml(textIn(row, "question"))}\n\nAssistant:`;
  if (!Array.isArray(row.answers) || row.answers.length === 0) {
    throw new InputError(`answers has to be a list of answers, found ${kindOf(row.answers)}.`);
  }
  const answers = row.answers as SourceRow[];
  const responses = answers.map((answer) => ` ${stripHtml(textIn(answer, "text"))}`);
  const scores = answers.map((answer) => numberIn(answer, "pm_score"));
  const pairs: [number, number][] = [];
  for (let i = 0; i < responses.length; i++) {
    for (let j = i + 1; j < responses.length; j++) {
      pairs.push(scores[i] > scores[j] ? [i, j] : [j, i]);
    }
  }
  return { prompt, responses, pairs, scores };
}
