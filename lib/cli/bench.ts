/** `deno task bench`: how fast training and sampling are, beside others and by their parts. */
import { basename, dirname, join } from "node:path";
import { CONFIGURATION_NAMES } from "@/lib/bench/configurations.ts";
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { defineTask, runTask, type Task } from "@/lib/cli/core/task.ts";
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
    "deno task bench profile loss=sft",
    "deno task bench sample transformers=true",
  ],
  subcommands: {
    train: "deno task train beside TRL's trainers",
    profile: "where the time of one training step goes",
    sample: "decoding, beside Ollama where a server answers",
    memory: "peaks of training runs beside what was planned for them",
  },
  needs: ["python"],
  keys: {
    out: {
      type: "string",
      optional: true,
      help:
        "the page to write (docs/benchmarks.md, docs/profile.md, docs/sampling.md, docs/memory.md)",
    },
    only: {
      type: "list",
      default: [],
      choices: CONFIGURATION_NAMES,
      help: "train: names of the configurations to measure; all when empty",
    },
    rounds: { type: "integer", default: 5, min: 1, help: "train: rounds of both sides in turn" },
    steps: { type: "integer", default: 4, min: 1, help: "train: measured steps a round" },
    quick: { type: "boolean", default: false, help: "train: one round, whatever rounds= says" },
    data: {
      type: "string",
      optional: true,
      help: "train: JSONL file of prompt, chosen, rejected, instead of the built-in pairs",
    },
    model: { type: "string", default: "smollm2", help: "profile: preset, .gguf file or folder" },
    loss: {
      type: "string",
      choices: ["dpo", "sft"],
      default: "dpo",
      help: "profile: what is learnt",
    },
    precision: {
      type: "string",
      choices: ["auto", "fp32", "bf16"],
      default: "auto",
      help: "profile, sample: format of matrix products",
    },
    transformers: {
      type: "boolean",
      default: false,
      help: "sample: measure transformers too, installing .venv-trl where it is missing",
    },
    ollama_model: {
      type: "string",
      optional: true,
      help: "sample: the server's model; default: one whose name holds smollm2",
    },
  },
});

const command = ["deno task bench", ...Deno.args].join(" ");

await runTask(spec, async (task) => {
  switch (task.subcommand) {
    case "train":
      return await train(task);
    case "profile":
      return await profile(task);
    case "sample":
      return await sample(task);
    case "memory":
      return await memory(task);
    default:
      throw new InputError(
        `Say what to measure: deno task bench ${Object.keys(spec.subcommands).join(", ")}.`,
      );
  }
});

type BenchTask = Task<typeof spec>;

async function train(task: BenchTask): Promise<number> {
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
  const figure = result.rounds.length > 0
    ? await writeFigure(out, "ratios", trainFigure(result))
    : null;
  await writePage(task, out, trainPage(result, command, figure));
  return result.failures.length > 0 ? 1 : 0;
}

async function profile(task: BenchTask): Promise<void> {
  const { profileStep } = await import("@/lib/bench/profile.ts");
  const { profileFigures, profilePage, profileSummary } = await import(
    "@/lib/bench/profile-page.ts"
  );
  const { values, signal } = task;
  const result = await profileStep({ ...values, signal, onProgress: task.progress("profile") });
  const out = values.out ?? "docs/profile.md";
  const { parts, layers } = profileFigures(result);
  const figures = {
    parts: await writeFigure(out, "parts", parts),
    layers: await writeFigure(out, "layers", layers),
  };
  await writePage(task, out, profilePage(result, command, figures));
  const summary = profileSummary(result);
  task.result(
    { ...summary, ops: result.ops },
    `traced step ${summary.tracedSeconds.toFixed(2)} s; one by one ${
      summary.eagerSeconds.toFixed(2)
    } s, of which products ${summary.productSeconds.toFixed(2)} s`,
  );
}

async function sample(task: BenchTask): Promise<void> {
  const { benchSample } = await import("@/lib/bench/sample.ts");
  const { samplePage } = await import("@/lib/bench/sample-page.ts");
  const { values, signal } = task;
  const notes: string[] = [];
  const speeds = await benchSample({
    ...values,
    ollamaModel: values.ollama_model,
    signal,
    onSetup: task.progress("TRL's environment"),
    onProgress: task.progress("sampling"),
    log: (line) => {
      notes.push(line);
      task.log(line);
    },
    onMeasured: (speed) =>
      task.result(
        speed,
        `${speed.generator}, ${speed.batch} at once: ${speed.tokensPerSecond.toFixed(0)} tokens/s`,
      ),
  });
  await writePage(task, values.out ?? "docs/sampling.md", samplePage(speeds, command, notes));
}

async function memory(task: BenchTask): Promise<void> {
  const { benchMemory, memoryPage, planError, plansOfLargeModels } = await import(
    "@/lib/bench/memory.ts"
  );
  const { measureStepMemory } = await import("@/lib/bench/step-memory.ts");
  const { signal, values } = task;
  const results = await benchMemory({
    signal,
    onProgress: task.progress("memory"),
    onMeasured: (compared) => {
      const { loss, precision, batch, planned, measured } = compared;
      const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
      task.result(
        { ...compared, error: planError(compared) },
        `${loss}, ${precision}, batch ${batch}: planned ${gib(planned)}, measured ${gib(measured)}`,
      );
    },
  });
  const steps = await measureStepMemory({
    signal,
    onProgress: task.progress("growth with tokens"),
    onMeasured: (step) => {
      const { model, batch, length, peak } = step;
      task.result(
        step,
        `${model}, ${batch} × ${length} tokens: ${(peak / 2 ** 30).toFixed(2)} GiB`,
      );
    },
  });
  const plans = await plansOfLargeModels();
  await writePage(task, values.out ?? "docs/memory.md", memoryPage(results, steps, plans, command));
}

/** Writes a figure beside a page. @returns its path relative to the page */
async function writeFigure(page: string, name: string, svg: string): Promise<string> {
  const file = `${basename(page).replace(/\.md$/, "")}-${name}.svg`;
  await writeFileWhole(join(dirname(page), file), svg + "\n");
  return file;
}

async function writePage(task: BenchTask, path: string, text: string): Promise<void> {
  await writeFileWhole(path, await formattedMarkdown(text));
  task.log(`${path} is written`);
}
