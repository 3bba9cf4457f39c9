/** `deno task generate`: solutions of questions by a model. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { generateAnswers } from "@/lib/generation/answers.ts";
import { openGenerator } from "@/lib/generation/open.ts";
import { generatePairs } from "@/lib/generation/pairs.ts";
import { generatedLine } from "@/lib/generation/generated-line.ts";
import { DEFAULT_SAMPLING } from "@/lib/generation/requests.ts";
import { tokenProgress } from "@/lib/generation/token-progress.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";

const spec = defineTask({
  name: "generate",
  summary: "Ask a model for solutions: two different ones per question, or one answer each.",
  examples: [
    "deno task generate limit=8",
    "deno task generate model=ollama:codellama:7b questions=[easy]",
    "deno task generate kind=answers questions=[humaneval]",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    model: {
      type: "string",
      default: "smollm2",
      help: "ollama:NAME:TAG, a preset, or a model's path for the embedded generator.",
    },
    questions: {
      type: "list",
      default: [],
      help: "Difficulties, sources and slugs; none: all questions of the training split.",
    },
    limit: { type: "integer", optional: true, min: 1, help: "At most so many questions." },
    kind: {
      type: "string",
      default: "pairs",
      choices: ["pairs", "answers"],
      help: "Two different solutions per question, or one answer.",
    },
    host: { type: "string", optional: true, help: "The Ollama server; default: OLLAMA_HOST." },
    instruction: { type: "string", optional: true, help: "Asks for the two solutions of a pair." },
    max_attempts: {
      type: "integer",
      default: 3,
      min: 1,
      help: "How often a question is asked until two solutions differ.",
    },
    temperature: {
      type: "number",
      default: DEFAULT_SAMPLING.temperature,
      min: 0,
      help: "0: greedy.",
    },
    top_p: { type: "number", default: DEFAULT_SAMPLING.top_p, min: 0, max: 1, help: "Nucleus." },
    num_predict: {
      type: "integer",
      default: DEFAULT_SAMPLING.num_predict,
      min: 1,
      help: "The most tokens of an answer.",
    },
    num_ctx: {
      type: "integer",
      default: DEFAULT_SAMPLING.num_ctx,
      min: 1,
      help: "Tokens that prompt and answer share.",
    },
    seed: { type: "integer", default: DEFAULT_SAMPLING.seed, help: "Same seed, same requests." },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, result }) => {
  const { db, kind, instruction, temperature, top_p, num_predict, num_ctx, seed } = values;
  const questions = await withStore(
    db,
    (store) =>
      selectQuestions(store, { names: values.questions, limit: values.limit ?? undefined }),
  );
  const generator = await openGenerator(values.model, { host: values.host ?? undefined });
  try {
    const sampling = { temperature, top_p, num_predict, num_ctx, seed };
    const options = { ...sampling, signal, ...tokenProgress(progress(kind))() };
    const report = kind === "answers"
      ? await generateAnswers(db, generator, questions, options)
      : await generatePairs(db, generator, questions, {
        ...options,
        instruction: instruction ?? undefined,
        maxAttempts: values.max_attempts,
      });
    result(report, generatedLine(report));
  } finally {
    await generator.close();
  }
});
