/**
 * The whole loop, from an empty folder to a trained model and its report.
 *
 * Nothing is kept about how far it got: each step looks at what is there (the environment, the database, the
 * dataset folder, the run folders) and does the rest, so an interrupted quickstart goes on when it is called
 * again and a finished one ends at once.
 *
 * @module
 */
import { join } from "node:path";
import { type Published, publishFolder } from "@/lib/publish/publish-folder.ts";
import { publishedLines } from "@/lib/publish/published-lines.ts";
import { databaseCounts } from "@/lib/evaluation/database-counts.ts";
import { type RunSummary, summarizeRun } from "@/lib/evaluation/run-summary.ts";
import { summaryLines } from "@/lib/evaluation/summary-lines.ts";
import { writeReport } from "@/lib/evaluation/write-report.ts";
import type { Context } from "@/lib/quickstart/context.ts";
import { generateAll, importQuestions, judgeAll, labelPairs } from "@/lib/quickstart/data.ts";
import { sampleBeforeAfter } from "@/lib/quickstart/samples.ts";
import { trainDpo, trainSft } from "@/lib/quickstart/training.ts";
import { ensureSetup } from "@/lib/setup/ensure.ts";
import { withStore } from "@/lib/store/store.ts";

/** Where the quickstart has put things. */
export interface QuickstartResult {
  report: string;
  checkpoint: string;
  dataset: string;
  runs: { sft: string; dpo: string };
  nextCommands: string[];
  /** Seconds by step. */
  seconds: Record<string, number>;
}

/**
 * Runs all steps.
 *
 * @throws {InputError | OperationError} of the steps; what was done until then is kept
 * @throws the reason of the signal
 */
export async function runQuickstart(context: Context): Promise<QuickstartResult> {
  const { options, signal, progress, log } = context;
  const step = stepper(context, 8);

  await step("set-up", "Set up what is missing", async () => {
    await ensureSetup(["modules", "python", "kernel"], progress("set-up"), { signal });
    return ["everything is there"];
  });
  await step("import", "Import questions", async () => [await importQuestions(context)]);
  await step("generate", "Generate solutions", () => generateAll(context));
  await step(
    "judge",
    "Run the solutions against their tests",
    async () => [await judgeAll(context)],
  );
  await step("label", "Label", async () => [
    await labelPairs(context),
    `to label by hand: deno task label db=${options.db}`,
  ]);

  let dataset!: Published;
  await step("publish", "Write the dataset", async () => {
    dataset = await publishFolder(options.db, join(options.out, "dataset"), {
      includeSynthetic: true,
      seed: options.seed,
    });
    return publishedLines(dataset);
  });

  let sft!: string, dpo!: string;
  await step("train", "Train: SFT, then DPO", async () => {
    sft = await trainSft(context, dataset);
    log(`  SFT: ${sft}`);
    dpo = await trainDpo(context, dataset, sft);
    return [`DPO: ${dpo}`];
  });

  const report = join(options.out, "report.html");
  const checkpoint = join(dpo, "LATEST", "policy");
  const nextCommands = [
    `deno task label db=${options.db}`,
    `deno task publish db=${options.db} out=data/datasets/mine`,
    `deno task train model=${options.model} datasets=[data/datasets/mine] loss=dpo loss.beta=0.1 ` +
    `prompt_format=chat model.archive=${checkpoint} exp_name=mine`,
  ];
  await step("evaluate", "Evaluate", async () => {
    const samples = [await sampleBeforeAfter(context, checkpoint)];
    const runs: RunSummary[] = [await summarizeRun(sft), await summarizeRun(dpo)];
    const database = await withStore(options.db, databaseCounts);
    await writeReport(
      { title: "The quickstart", runs, database, dataset, samples, nextCommands },
      report,
    );
    return runs.flatMap(summaryLines);
  });
  return {
    report,
    checkpoint,
    dataset: dataset.path,
    runs: { sft, dpo },
    nextCommands,
    seconds: step.seconds,
  };
}

/** Announces each step, and says at its end what came of it and how long it took. */
function stepper({ signal, log }: Context, total: number) {
  const seconds: Record<string, number> = {};
  const step = async (name: string, title: string, work: () => Promise<string[]>) => {
    signal.throwIfAborted();
    log(`[${Object.keys(seconds).length + 1}/${total}] ${title}`);
    const start = performance.now();
    for (const line of await work()) log(`  ${line}`);
    seconds[name] = (performance.now() - start) / 1000;
    log(`  ${seconds[name].toFixed(1)} s`);
  };
  return Object.assign(step, { seconds });
}
