/** `deno task plan`: how much memory a training run would take, without training. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { TRAIN_KEYS, TRAIN_PRESETS } from "@/lib/cli/train-keys.ts";
import { trainSettings } from "@/lib/cli/train-settings.ts";
import { InputError } from "@/lib/errors.ts";
import { modelConfig } from "@/lib/models/known-configs.ts";
import { batchSharesOf, chooseLayout } from "@/lib/trainers/settings.ts";
import { checkDivisible } from "@/lib/trainers/tensor-parallel.ts";
import { planSettings, planTable } from "@/lib/trainers/plan-run.ts";

const spec = defineTask({
  name: "plan",
  summary:
    "Plan the memory of a training run from its settings and the model's config.json, without weights and data.",
  examples: [
    "deno task plan model=codellama7b lora.r=16 gpu_memory=80",
    "deno task plan model=codellama7b trainer=FSDPTrainer devices=8 gpu_memory=80 batch_size=32 activation_checkpointing=true",
    "deno task plan model=codellama7b trainer=TensorParallelTrainer devices=4 gpu_memory=80 activation_checkpointing=true",
    "deno task plan model=smollm2 batch_size=8 precision=bf16",
  ],
  keys: {
    ...TRAIN_KEYS,
    exp_name: { ...TRAIN_KEYS.exp_name, default: "plan" },
    datasets: { ...TRAIN_KEYS.datasets, default: [] },
    loss: { ...TRAIN_KEYS.loss, default: "dpo" },
    "loss.beta": { ...TRAIN_KEYS["loss.beta"], default: 0.1 },
    gpu_memory: {
      type: "number",
      optional: true,
      min: 0,
      help: "GiB of each GPU; without it the run is planned for CPUs, in this machine's memory",
    },
  },
  presets: { model: TRAIN_PRESETS.model },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, log, result }) => {
  const settings = trainSettings(values as Parameters<typeof trainSettings>[0]);
  const config = await modelConfig(settings.archive ?? settings.model, { log, signal });
  const inWorkers = settings.trainer !== "BasicTrainer", devices = values.devices ?? 1;
  const parts = settings.gradientAccumulationSteps * batchSharesOf({ ...settings, devices });
  if (settings.batchSize % parts !== 0) {
    throw new InputError(
      `batch_size=${settings.batchSize} has to be a multiple of ${parts}, ` +
        "gradient_accumulation_steps times devices.",
    );
  }
  if (settings.trainer === "TensorParallelTrainer") checkDivisible(config, devices);
  if (!inWorkers && devices > config.num_hidden_layers) {
    throw new InputError(
      `devices=${devices} is more than the ${config.num_hidden_layers} layers that are divided among them.`,
    );
  }
  if (inWorkers && settings.lora) {
    throw new InputError(
      `lora.r= is not there for trainer=${settings.trainer}; take BasicTrainer, whose devices= divides the layers.`,
    );
  }
  const gpu = values.gpu_memory;
  const precision = settings.precision === "auto" ? "bf16" : settings.precision;
  if (settings.precision === "auto") {
    log("precision=auto is planned as bf16; a run takes fp32 where that is faster");
  }
  const plans = planSettings(settings, config, precision, chooseLayout(settings), {
    devices,
    kind: gpu === null ? "CPU" : "GPU",
  });
  const perDevice = gpu === null ? null : gpu * 2 ** 30;
  const available = perDevice ?? Deno.systemMemoryInfo().total;
  const needed = perDevice === null
    ? plans.reduce((n, { bytes }) => n + bytes, 0)
    : Math.max(...plans.map(({ bytes }) => bytes));
  const fits = needed <= available;
  const untested = gpu !== null || inWorkers || config.hidden_size > 2048;
  result(
    { plans, needed, available, fits, untested, precision },
    planTable(plans, { needed, available, fits, untested }),
  );
});
