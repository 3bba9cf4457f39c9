/** `deno task quickstart`: the whole loop, from an empty folder to a trained model and its report. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { clock } from "@/lib/cli/core/progress.ts";
import { runQuickstart } from "@/lib/quickstart/quickstart.ts";

const spec = defineTask({
  name: "quickstart",
  summary:
    "Runs the whole loop once: set up, import questions, generate and judge solutions, label, write the\n" +
    "dataset, train with SFT and DPO, evaluate. Interrupt it as you like: the same command goes on.",
  examples: [
    "deno task quickstart",
    "deno task quickstart n=2 answers=20 min_pairs=12",
    "deno task quickstart generator=ollama:codellama:7b",
  ],
  keys: {
    n: {
      type: "integer",
      default: 8,
      min: 1,
      help: "LeetCode questions that get two solutions each",
    },
    answers: {
      type: "integer",
      default: 82,
      min: 2,
      max: 82,
      help: "HumanEval questions of the training half that get an answer each",
    },
    min_pairs: {
      type: "integer",
      default: 66,
      min: 1,
      help: "labeled pairs wanted; further answers are sampled until there are so many",
    },
    batch_size: { type: "integer", default: 8, min: 1, help: "pairs per update of the training" },
    model: { type: "string", default: "smollm2", help: "the model to train: a preset or a path" },
    generator: {
      type: "string",
      default: "auto",
      help:
        "who writes the two solutions: ollama:NAME:TAG, a preset, a path or a model of the hub; auto: one of a " +
        "local Ollama server where there is one, otherwise the model to train",
    },
    instruction: {
      type: "string",
      optional: true,
      help: "asks for the two solutions; default: the original's wording",
    },
    temperature: { type: "number", default: 0.8, min: 0, help: "of sampling; 0: greedy" },
    top_p: { type: "number", default: 0.95, min: 0, max: 1, help: "nucleus of sampling" },
    pair_tokens: {
      type: "integer",
      default: 256,
      min: 1,
      help: "most tokens of an answer with two solutions",
    },
    answer_tokens: {
      type: "integer",
      default: 256,
      min: 1,
      help: "most tokens of an answer to a HumanEval question",
    },
    seed: { type: "integer", default: 0, help: "same seed, same requests, split and data order" },
    db: { type: "string", default: "data/quickstart.duckdb", help: "the database" },
    out: {
      type: "string",
      default: "runs/quickstart",
      help: "the folder for dataset, runs and report",
    },
  },
});

await runTask(spec, async ({ values, signal, progress, log, result }) => {
  const { min_pairs, batch_size, top_p, pair_tokens, answer_tokens, ...same } = values;
  const options = {
    ...same,
    minPairs: min_pairs,
    batchSize: batch_size,
    topP: top_p,
    pairTokens: pair_tokens,
    answerTokens: answer_tokens,
  };
  const done = await runQuickstart({ options, signal, progress, log });
  const total = Object.values(done.seconds).reduce((a, b) => a + b, 0);
  result(
    done,
    [
      "",
      `The whole loop, in ${clock(total)}. A demonstration, not evidence.`,
      `report:     ${done.report}`,
      `checkpoint: ${done.checkpoint}`,
      "",
      "Next:",
      ...done.nextCommands.map((command) => `  ${command}`),
    ].join("\n"),
  );
});
