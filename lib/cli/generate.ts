/** `deno task generate`: solutions of questions by a model. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { generateAnswers } from "@/lib/generation/answers.ts";
import type { Generator } from "@/lib/generation/generator.ts";
import { isServed, openGenerator } from "@/lib/generation/open.ts";
import { generatePairs } from "@/lib/generation/pairs.ts";
import { generatedLine } from "@/lib/generation/generated-line.ts";
import { DEFAULT_SAMPLING } from "@/lib/generation/requests.ts";
import { tokenProgress } from "@/lib/generation/token-progress.ts";
import { InputError } from "@/lib/errors.ts";
import { fetchModel } from "@/lib/models/source.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import { withStore } from "@/lib/store/store.ts";

const spec = defineTask({
  name: "generate",
  summary: "Ask a model for solutions: two different ones per question, or one answer each.",
  examples: [
    "deno task generate limit=8",
    "deno task generate model=ollama:codellama:7b questions=[easy] per_question=4 ask=one",
    "deno task generate model=ollama:codellama:7b ollama.hosts=[gpu1,gpu2] ollama.parallel=4 ollama.pull=true",
    "deno task generate model=ollama:codellama:7b other_model=ollama:deepseek-coder:6.7b",
    "deno task generate kind=answers questions=[humaneval]",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    model: {
      type: "string",
      default: "smollm2",
      help:
        "ollama:NAME:TAG of a server, or for the embedded generator a preset, a path, or NAMESPACE/NAME of the hub.",
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
    ask: {
      type: "string",
      optional: true,
      choices: ["two", "one"],
      help: "How many solutions a prompt of a pair asks for; default two, with another source one.",
    },
    per_question: {
      type: "integer",
      optional: true,
      min: 1,
      help: "Answers per question of a pair at least; the two most different solutions make it.",
    },
    other_model: { type: "string", optional: true, help: "Writes one solution of every pair." },
    other_temperature: {
      type: "number",
      optional: true,
      min: 0,
      help: "The temperature of one solution of every pair.",
    },
    "ollama.hosts": {
      type: "list",
      default: [],
      aliases: ["host"],
      help: "Ollama servers that share the work; none: OLLAMA_HOST.",
    },
    "ollama.parallel": {
      type: "integer",
      default: 1,
      min: 1,
      help: "Requests that a server answers at one time (its OLLAMA_NUM_PARALLEL).",
    },
    "ollama.keep_alive": {
      type: "string",
      default: "5m",
      help: "How long a server keeps the model in memory after a request; -1: for ever.",
    },
    "ollama.pull": {
      type: "boolean",
      default: false,
      help: "Whether servers that lack the model get it.",
    },
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

await runTask(spec, async ({ values, signal, progress, log, result }) => {
  const { db, kind, instruction, temperature, top_p, num_predict, num_ctx, seed } = values;
  if (
    kind === "answers" && (values.other_model ?? values.other_temperature ?? values.ask) !== null
  ) {
    throw new InputError("ask=, other_model= and other_temperature= are for kind=pairs.");
  }
  const questions = await withStore(
    db,
    (store) =>
      selectQuestions(store, { names: values.questions, limit: values.limit ?? undefined }),
  );
  const hosts = values["ollama.hosts"];
  const open = async (model: string) => {
    if (!isServed(model)) {
      await fetchModel(model, { onProgress: progress("downloading (MB)"), log, signal });
    }
    return await openGenerator(model, {
      hosts: hosts.length > 0 ? hosts : undefined,
      parallel: values["ollama.parallel"],
      keepAlive: values["ollama.keep_alive"],
      pull: values["ollama.pull"],
      onPull: progress("pull"),
      onNotice: log,
      signal,
    });
  };
  const generator = await open(values.model);
  let other: Generator | undefined;
  try {
    const sampling = { temperature, top_p, num_predict, num_ctx, seed };
    if (values.other_model !== null) other = await open(values.other_model);
    const options = { ...sampling, signal, ...tokenProgress(progress(kind))() };
    const report = kind === "answers"
      ? await generateAnswers(db, generator, questions, options)
      : await generatePairs(db, generator, questions, {
        ...options,
        instruction: instruction ?? undefined,
        maxAttempts: values.max_attempts,
        ask: values.ask ?? undefined,
        perQuestion: values.per_question ?? undefined,
        other: other || values.other_temperature !== null
          ? { generator: other, temperature: values.other_temperature ?? undefined }
          : undefined,
      });
    result(report, generatedLine(report));
  } finally {
    await generator.close();
    await other?.close();
  }
});
