/** `deno task bench`: how fast training and sampling are, beside others and by their parts. */
import { basename, dirname, join } from "node:path";
import { CONFIGURATION_NAMES } from "@/lib/bench/configurations.ts";
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { defineTask, runTask, type Task } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { SANDBOXES } from "@/lib/judging/sandbox.ts";
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
    sample: "decoding, beside llama.cpp, and Ollama where a server answers",
    memory: "peaks of training runs beside what was planned for them",
    label: "labels stored and pairs given out a second, by many labelers at once",
    judge: "solutions judged per second, and whether verdicts are always the same",
    publish: "a million labels to a dataset",
    data: "memory of datasets of growing size on their way to batches",
  },
  needs: ["python"],
  keys: {
    out: {
      type: "string",
      optional: true,
      help:
        "the page to write (docs/benchmarks.md, docs/profile.md, docs/sampling.md, docs/memory.md, docs/publishing.md, docs/large-datasets.md)",
    },
    only: {
      type: "list",
      default: [],
      choices: CONFIGURATION_NAMES,
      help: "train: names of the configurations to measure; all when empty",
    },
    rounds: {
      type: "integer",
      default: 5,
      min: 1,
      help:
        "train, sample: rounds of all sides in turn; judge: how often every reference solution is judged",
    },
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
    times: {
      type: "integer",
      default: 200,
      min: 1,
      help: "judge: how often programs are repeated",
    },
    megabytes: {
      type: "integer",
      default: 1280,
      min: 16,
      help: "data: the largest dataset (10⁶ bytes); twice as much is needed on the disk",
    },
    labels: { type: "integer", default: 1_000_000, min: 1000, help: "publish: how many labels" },
    labelers: { type: "integer", default: 30, min: 1, help: "label: simulated labelers" },
    total: {
      type: "integer",
      default: 6000,
      min: 1,
      help: "label: labels that they give together",
    },
    before: {
      type: "integer",
      default: 100_000,
      min: 0,
      help: "label: labels that the file holds before",
    },
    pairs: { type: "integer", default: 4000, min: 1, help: "label: pairs in the file" },
    write_every: {
      type: "number",
      default: 2,
      min: 0,
      help: "label: seconds between two writes of another process; 0: there is none",
    },
    sandbox: {
      type: "string",
      choices: SANDBOXES,
      default: "auto",
      help: "judge: what solutions are kept in, see deno task judge --help",
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
    case "label":
      return await label(task);
    case "judge":
      return await judge(task);
    case "publish":
      return await publish(task);
    case "data":
      return await data(task);
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
  const { samplePage, sampleSpeeds } = await import("@/lib/bench/sample-page.ts");
  const { values, signal } = task;
  const notes: string[] = [];
  const result = await benchSample({
    ...values,
    ollamaModel: values.ollama_model,
    signal,
    onSetup: task.progress("installing"),
    onProgress: task.progress("sampling"),
    log: (line) => {
      notes.push(line);
      task.log(line);
    },
    onMeasured: ({ generator, batch, tokens, seconds }) =>
      task.log(`${generator}, ${batch} at once: ${(tokens / seconds).toFixed(0)} tokens/s`),
  });
  for (const speed of sampleSpeeds(result)) {
    const { generator, batch, tokensPerSecond, ours } = speed;
    task.result(
      speed,
      `${generator}, ${batch} at once: ${tokensPerSecond.median.toFixed(0)} tokens/s; ours is ${
        ours.median.toFixed(2)
      } times as fast`,
    );
  }
  await writePage(task, values.out ?? "docs/sampling.md", samplePage(result, command, notes));
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

async function label(task: BenchTask): Promise<void> {
  const { benchLabels } = await import("@/lib/bench/label/bench.ts");
  const { labelPage, labelSummary } = await import("@/lib/bench/label/page.ts");
  const { values, signal } = task;
  const options = { ...values, labels: values.total, writeEvery: values.write_every };
  const speed = await benchLabels({ ...options, signal, onProgress: task.progress("labeling") });
  const summary = labelSummary(speed);
  const { perSecond, save, next } = summary;
  task.result(
    { ...summary, stored: speed.stored, writes: speed.writes.length },
    `${perSecond.toFixed(0)} labels/s; 95 % of labels stored in ${save.toFixed(0)} ms, ` +
      `95 % of next pairs there in ${next.toFixed(0)} ms`,
  );
  const page = labelPage(speed, options, command);
  await writePage(task, values.out ?? "docs/labeling-load.md", page);
}

async function judge({ values, signal, progress, result }: BenchTask): Promise<number> {
  const { benchJudge } = await import("@/lib/bench/judge.ts");
  const speed = await benchJudge({ ...values, signal, onProgress: progress("judging") });
  const { median, min, max } = spread(speed.perSecond);
  const whole = (value: number) => value.toFixed(0);
  const lines = [
    `${whole(median)} judgements/s (${whole(min)} to ${whole(max)}) of HumanEval's references in ` +
    `${speed.slots} slots, ${speed.isolation}`,
    ...speed.failed.map((failure) => `  did not pass: ${failure}`),
    ...speed.repeated.map(({ program, times, verdicts }) =>
      `  ${program}, ${times} times: ${verdicts.join(", ")}`
    ),
  ];
  result(speed, lines.join("\n"));
  const steady = speed.repeated.every(({ verdicts }) => verdicts.length === 1);
  return speed.failed.length === 0 && steady ? 0 : 1;
}

async function publish(task: BenchTask): Promise<number> {
  const { benchPublish } = await import("@/lib/bench/publish.ts");
  const { publishPage } = await import("@/lib/bench/publish-page.ts");
  const { values, signal } = task;
  const result = await benchPublish({
    labels: values.labels,
    signal,
    onProgress: task.progress("publishing"),
    onMeasured: (run) =>
      task.result(
        run,
        `${run.aggregate}: ${run.seconds.toFixed(1)} s, ${
          ((run.peakBytes ?? 0) / 2 ** 30).toFixed(2)
        } GiB`,
      ),
  });
  await writePage(task, values.out ?? "docs/publishing.md", publishPage(result, command));
  return result.sameBytes ? 0 : 1;
}

async function data(task: BenchTask): Promise<void> {
  const { benchData } = await import("@/lib/bench/data.ts");
  const { dataPage } = await import("@/lib/bench/data-page.ts");
  const { values, signal } = task;
  const runs = await benchData({
    megabytes: values.megabytes,
    signal,
    onProgress: task.progress("reading"),
    onMeasured: (run) =>
      task.result(
        run,
        `${run.format}, ${(run.bytes / 1e6).toFixed(0)} MB: ${
          (run.first.peakBytes / 2 ** 30).toFixed(2)
        } GiB, ${run.first.seconds.batches.toFixed(0)} s`,
      ),
  });
  await writePage(task, values.out ?? "docs/large-datasets.md", dataPage(runs, command));
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
