/** `deno task train`: SFT, DPO and IPO, with the reference's settings. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { TRAIN_KEYS, TRAIN_PRESETS } from "@/lib/cli/train-keys.ts";
import { trainSettings } from "@/lib/cli/train-settings.ts";
import type { RunState } from "@/lib/evaluation/run-state.ts";
import { RunTables } from "@/lib/evaluation/run-tables.ts";
import { writeRunReport } from "@/lib/evaluation/write-report.ts";
import { WandbRun } from "@/lib/trainers/wandb.ts";
import { train } from "@/lib/trainers/train.ts";
import { joinRun } from "@/lib/trainers/workers/node.ts";

const spec = defineTask({
  name: "train",
  summary: "Train a model on preferences: supervised fine-tuning first, then a preference loss.",
  examples: [
    "deno task train model=smollm2 datasets=[lc] loss=sft exp_name=lc_sft lr=1e-5 warmup_steps=10 batch_size=8",
    "deno task train model=smollm2 datasets=[lc] loss=dpo loss.beta=0.1 exp_name=lc_dpo model.archive=runs/lc_sft_TIME/LATEST/policy",
    "deno task train model=smollm2 datasets=[pairs.jsonl] loss=dpo loss.beta=0.1 exp_name=mine resume=latest",
  ],
  keys: TRAIN_KEYS,
  presets: TRAIN_PRESETS,
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, log, result }) => {
  let folder: string | undefined, tables: RunTables | undefined;
  const settings = trainSettings(values);
  if (settings.nodeRank > 0) {
    const onDownload = progress("downloading (MB)");
    const ended = await joinRun(settings, { signal, log, onDownload });
    const { examples, finished } = ended.state;
    result(
      { examples, finished, folder: ended.folder },
      `finished after ${examples} examples; the run is in ${ended.folder} on node 0`,
    );
    return;
  }
  const wandb = settings.wandb &&
    await WandbRun.open(settings.wandb, progress("Weights & Biases"), signal, log);
  const copy = async (state: RunState, waitSeconds: number) => {
    const why = await tables?.copy(state, waitSeconds);
    if (why) log(why);
  };
  const done = await train(settings, {
    signal,
    log,
    onProgress: progress("training"),
    onDownload: progress("downloading (MB)"),
    onStart: (path) => {
      folder = path;
      tables = new RunTables(values.db, path);
    },
    onMetrics: (line) => {
      wandb?.write(folder!, line);
      if (values.json) result(line, "");
    },
    onCheckpoint: (path) => log(`saved ${path}`),
    onEvaluation: async () => {
      await writeRunReport(folder!);
      // Training does not wait for the database; what is not copied now is at the next evaluation.
      await copy("running", 1);
    },
  }).catch(async (error) => {
    await copy("stopped", 5);
    throw error;
  }).finally(() => wandb?.close());
  await copy("finished", 30);
  const { report } = await writeRunReport(done.folder);
  result(
    { ...done, report },
    `finished after ${done.examples} examples; policy: ${
      done.policy ?? "not saved (debug)"
    }; report: ${report}`,
  );
});
