/** `deno task bench`: how fast training and sampling are, beside others and by their parts. */
import { basename, dirname, join } from "node:path";
import { CONFIGURATION_NAMES } from "@/lib/bench/configurations.ts";
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

const spec = defineTask({
  name: "bench",
  summary:
    "Measures this machine: training beside TRL (the first call installs TRL and PyTorch into .venv-trl, about\n" +
    "7 GB), where a training step's time goes, and sampling. Let nothing else run meanwhile.",
  examples: [
    "deno task bench train",
    "deno task bench train quick=true only=[dpo]",
  ],
  subcommands: {
    train: "deno task train beside TRL's trainers; writes a page",
  },
  needs: ["python"],
  keys: {
    only: {
      type: "list",
      default: [],
      choices: CONFIGURATION_NAMES,
      help: "train: names of the configurations to measure; all when empty",
    },
    rounds: { type: "integer", default: 5, min: 1, help: "train: rounds of both sides in turn" },
    steps: { type: "integer", default: 3, min: 1, help: "train: measured steps a round" },
    quick: { type: "boolean", default: false, help: "train: one round, whatever rounds= says" },
    data: {
      type: "string",
      optional: true,
      help: "train: JSONL file of prompt, chosen, rejected, instead of the built-in pairs",
    },
    out: { type: "string", optional: true, help: "file of the page (train: docs/benchmarks.md)" },
  },
});

await runTask(spec, async (task) => {
  switch (task.subcommand) {
    case "train":
      return await train();
    default:
      throw new InputError(
        `Say what to measure: ${Object.keys(spec.subcommands).join(", ")} (deno task bench train).`,
      );
  }

  async function train(): Promise<number> {
    const { benchTrain } = await import("@/lib/bench/train.ts");
    const { trainFigure, trainPage } = await import("@/lib/bench/train-page.ts");
    const { values, signal, log } = task;
    const result = await benchTrain({
      ...values,
      rounds: values.quick ? 1 : values.rounds,
      signal,
      log,
      onSetup: task.progress("TRL's environment"),
      onProgress: task.progress("benchmark"),
      onMeasured: (measured) => {
        if (!("configuration" in measured)) {
          return task.result(measured, `epoch: ${measured.ratio.toFixed(2)} times as fast as TRL`);
        }
        const { configuration, rounds, sameIds } = measured;
        const ratio = spread(rounds.map((round) => round.ratio));
        task.result(
          { configuration, rounds, ratio, sameIds },
          `${configuration.name}: ${ratio.median.toFixed(2)} times TRL's tokens/s ` +
            `(${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`,
        );
      },
    });
    const out = values.out ?? "docs/benchmarks.md";
    const figure = basename(out).replace(/(\.md)?$/, ".svg");
    if (result.rounds.length > 0) {
      await writeFileWhole(join(dirname(out), figure), trainFigure(result) + "\n");
    }
    const command = ["deno task bench", ...Deno.args].join(" ");
    const page = trainPage(result, command, result.rounds.length > 0 ? figure : null);
    await writeFileWhole(out, await formattedMarkdown(page));
    log(`${out} is written`);
    return result.failures.length > 0 ? 1 : 0;
  }
});
