/**
 * `deno task bench memory`: runs whose peak is compared with what was planned for them, and the page about it.
 *
 * @module
 */
import { join } from "node:path";
import { describeMachine } from "@/lib/bench/machine.ts";
import { markdownTable } from "@/lib/markdown.ts";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { builtInPairs } from "@/lib/bench/pairs.ts";
import { type StepMemory, stepMemorySection } from "@/lib/bench/step-memory.ts";
import { openModel } from "@/lib/models/source.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** One run of SmolLM2: settings that memory depends on. */
export interface MemoryRun {
  loss: "dpo" | "sft";
  precision: "fp32" | "bf16";
  lora: boolean;
  checkpointing: boolean;
  batch: number;
}

const run = (text: string): MemoryRun => {
  const [loss, precision, batch, ...more] = text.split(" ");
  return {
    loss: loss as MemoryRun["loss"],
    precision: precision as MemoryRun["precision"],
    batch: Number(batch),
    lora: more.includes("lora"),
    checkpointing: more.includes("checkpointing"),
  };
};

/** None of them takes more than 8 GiB. */
export const MEMORY_RUNS: readonly MemoryRun[] = [
  "dpo bf16 2",
  "dpo bf16 4",
  "dpo bf16 8",
  "dpo bf16 16 checkpointing",
  "dpo bf16 2 lora",
  "dpo bf16 8 lora",
  "dpo bf16 16 lora checkpointing",
  "dpo fp32 2",
  "dpo fp32 4",
  "dpo fp32 8 checkpointing",
  "dpo fp32 4 lora",
  "dpo fp32 16 lora checkpointing",
  "sft bf16 4",
  "sft bf16 16",
  "sft bf16 8 lora checkpointing",
  "sft bf16 16 lora",
  "sft fp32 8",
  "sft fp32 16 checkpointing",
  "sft fp32 4 lora",
].map(run);

/** A run with what was planned and measured, in bytes. */
export interface ComparedMemory extends MemoryRun {
  planned: number;
  measured: number;
}

const UPDATES = 4;

/** Settings of a run on the command line, data and folder aside. */
export const memorySettings = (
  { loss, precision, batch, lora, checkpointing }: MemoryRun,
): string[] => [
  `loss=${loss}`,
  ...loss === "dpo" ? ["loss.beta=0.1"] : [],
  `precision=${precision}`,
  `batch_size=${batch}`,
  `n_examples=${UPDATES * batch}`,
  ...lora ? ["lora.r=8"] : [],
  ...checkpointing ? ["activation_checkpointing=true"] : [],
  "optimizer=AdamW",
  "warmup_steps=0",
];

/** Trains for a few updates with each of {@link MEMORY_RUNS}, one process after the other. */
export async function benchMemory(
  { signal, onProgress, onMeasured }: {
    signal: AbortSignal;
    onProgress: OnProgress;
    onMeasured: (compared: ComparedMemory) => void;
  },
): Promise<ComparedMemory[]> {
  const folder = await Deno.makeTempDir(), results: ComparedMemory[] = [];
  try {
    const source = await openModel("smollm2"), data = join(folder, "pairs.jsonl");
    const { train } = await builtInPairs(source.tokenizer);
    source.close();
    await Deno.writeTextFile(data, train.map((row) => JSON.stringify(row) + "\n").join(""));
    for (const [i, memoryRun] of MEMORY_RUNS.entries()) {
      onProgress(i, MEMORY_RUNS.length, memorySettings(memoryRun).join(" "));
      const { lines } = await measureProcess(Deno.execPath(), [
        ...["run", "--allow-all", join(PROJECT_ROOT, "lib", "cli", "train.ts")],
        ...["model=smollm2", `datasets=["${data}"]`, "test_fraction=0", "exp_name=memory"],
        ...["do_first_eval=false", "n_eval_examples=0", "sample_during_eval=false"],
        ...["minimum_log_interval_secs=0", "debug=true", "json=true"],
        `local_run_dir=${join(folder, String(i))}`,
        ...memorySettings(memoryRun),
      ], { signal });
      const largest = (key: string) =>
        Math.max(...lines.flatMap(({ value }) => key in value ? [Number(value[key])] : []));
      results.push({
        ...memoryRun,
        planned: largest("planned_memory_bytes"),
        measured: largest("peak_memory_bytes"),
      });
      onMeasured(results.at(-1)!);
    }
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What `deno task plan` is asked for the page. */
const PLANS = [
  ["model=codellama7b", "lora.r=16", "gpu_memory=80"],
  ["model=codellama7b", "trainer=FSDPTrainer", "devices=8", "batch_size=32", "gpu_memory=80"],
];

/** Plans that no machine here can carry out: commands and what they print. */
export const plansOfLargeModels = (): Promise<{ command: string; output: string }[]> =>
  Promise.all(PLANS.map(async (words) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", join(PROJECT_ROOT, "lib/cli/plan.ts"), ...words],
    }).output();
    return {
      command: ["deno task plan", ...words].join(" "),
      output: new TextDecoder().decode(stdout),
    };
  }));

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2);
/** How far a plan was off, in parts of what was measured. */
export const planError = ({ planned, measured }: ComparedMemory): number => planned / measured - 1;
const percent = (share: number) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(0)} %`;

/** The page's text. @param plans commands and what they printed */
export function memoryPage(
  results: readonly ComparedMemory[],
  steps: readonly StepMemory[],
  plans: readonly { command: string; output: string }[],
  command: string,
): string {
  const { cpu, cores } = describeMachine();
  const worst = Math.max(...results.map((result) => Math.abs(planError(result))));
  return [
    "# Memory",
    "Before it trains, `deno task train` prints how much memory the run will take, and at its end what it took " +
    "(`memory: planned 4.6 GiB, measured 4.7 GiB`; `planned_memory_bytes` and `peak_memory_bytes` in the metrics). " +
    "`deno task plan` plans a run from its settings and the model's `config.json`, without weights and data: it " +
    "takes the keys of `deno task train`, and `gpu_memory=` in GiB. This page is written by:",
    "```sh test by=tests/bench/memory_test.ts\n" + command + "\n```",
    "## Planned and measured",
    `SmolLM2-135M with AdamW, ${UPDATES} updates on pairs of HumanEval in processes of their own, on ${cpu} with ` +
    `${cores} cores. Measured is the largest resident memory of the process (VmHWM). The largest difference is ` +
    `${(100 * worst).toFixed(0)} %.`,
    markdownTable({
      head: ["settings", "planned, GiB", "measured, GiB", "difference"],
      rows: results.map((result) => [
        `\`${
          memorySettings(result).filter((word) =>
            !/^(loss.beta|n_examples|optimizer|warmup_steps)=/.test(word)
          ).join(" ")
        }\``,
        gib(result.planned),
        gib(result.measured),
        percent(planError(result)),
      ]),
    }),
    stepMemorySection(steps),
    "## How it is planned",
    "By what the code keeps: weights, their copies in the precision of the products, the reference, the optimiser's " +
    "state, each layer's saved tensors for every row, attention for every block, scores over the vocabulary, " +
    "gradients; the plan is of the moment that takes the most. Not counted but measured are a process that " +
    "has done nothing (0.48 GiB), what a new shape adds in graphs and compiled kernels, and holes between freed " +
    "blocks (a quarter of what a step takes and gives back). The reference's log-probs that are computed beforehand, " +
    "loading and saving take less than a step. The formulas are in `lib/trainers/memory-plan.ts`.",
    "## CodeLlama-7B on GPUs of 80 GB",
    "Planned, and **untested**: nothing of this has run on such GPUs. A response and its prompt have `max_length` " +
    "tokens in every pair.",
    ...plans.map(({ command, output }) =>
      "```console\n$ " + command + "\n" + output.trim() + "\n```"
    ),
  ].join("\n\n") + "\n";
}
