/**
 * One answer per question.
 *
 * @module
 */
import { type Question, questionPrompt } from "@/lib/questions/question.ts";
import type { ReadStatus } from "@/lib/generation/code-blocks.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import {
  answerRequests,
  DEFAULT_SAMPLING,
  type RequestHooks,
  type SamplingOptions,
  wantedOf,
} from "@/lib/generation/requests.ts";

/** The end of the one code block that is asked for; what follows it is talk. */
const END_OF_CODE = "\n```\n";

/** What {@link generateAnswers} did. */
export interface AnswersReport {
  questions: number;
  /** Generation ids of answers with readable code. */
  readable: string[];
  statuses: Partial<Record<ReadStatus, number>>;
}

/**
 * Asks a model for one solution of each question and stores the answers.
 * @throws as {@link Generator.generate}; what was answered until then is stored
 */
export async function generateAnswers(
  dbPath: string,
  generator: Generator,
  questions: Question[],
  options: Partial<SamplingOptions> & RequestHooks = {},
): Promise<AnswersReport> {
  const { onProgress, onText, signal, ...sampling } = options;
  const requests = questions.map((question) => (
    {
      slug: question.slug,
      prompt: questionPrompt(question),
      attempt: 0,
      wanted: wantedOf(question),
    }
  ));
  // Ollama leaves the text that ends an answer out of it, and with it the end of the code.
  const stop = generator.provider === "embedded" ? { stop: [END_OF_CODE] } : {};
  const answers = await answerRequests(
    dbPath,
    generator,
    requests,
    { ...DEFAULT_SAMPLING, ...stop, ...sampling },
    { onProgress, onText, signal },
  );
  const report: AnswersReport = { questions: questions.length, readable: [], statuses: {} };
  for (const [first] of answers) {
    report.statuses[first.status] = (report.statuses[first.status] ?? 0) + 1;
    if (first.code !== null) report.readable.push(first.id);
  }
  return report;
}
