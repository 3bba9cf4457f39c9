/**
 * From the command line's keys to the trainer's settings.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { TaskSpec, Values } from "@/lib/cli/core/settings.ts";
import { BLOCK_ARCHITECTURES, type TRAIN_KEYS } from "@/lib/cli/train-keys.ts";
import {
  type LossName,
  type LossSettings,
  lossTitle,
  needsReference,
  takesDivergence,
} from "@/lib/losses/mod.ts";
import { DEFAULT_REVISION, isRevision } from "@/lib/hub/mod.ts";
import { atRevision, meantOnHub } from "@/lib/models/hub-name.ts";
import { LORA_TARGETS, type LoraSettings } from "@/lib/models/lora.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";

type TrainValues = Values<TaskSpec<typeof TRAIN_KEYS>>;

/**
 * @throws InputError for settings that are known from the reference but not available, and for those that do not
 *   fit together
 */
export function trainSettings(values: TrainValues): TrainSettings {
  const model = values["model.name_or_path"] ?? values.model;
  const tokenizer = values["model.tokenizer_name_or_path"];
  if (tokenizer !== null && tokenizer !== model) {
    throw new InputError(
      `model.tokenizer_name_or_path=${tokenizer} is not the model's own tokenizer; leave it out.`,
    );
  }
  checkDivided(values);
  const block = values["model.block_name"];
  return {
    expName: values.exp_name,
    seed: values.seed,
    model: withRevision(model, values["model.revision"]),
    archive: values["model.archive"],
    architecture: block && BLOCK_ARCHITECTURES[block],
    precision: precisionOf(values),
    referenceDtype: values["model.reference_dtype"],
    layout: values.layout,
    datasets: values.datasets,
    db: values.db,
    testFraction: values.test_fraction,
    promptFormat: values.prompt_format,
    maxLength: values.max_length,
    maxPromptLength: values.max_prompt_length,
    maxTruncatedFraction: values.max_truncated_fraction,
    loss: lossSettings(values),
    lora: loraSettings(values),
    batchSize: values.batch_size,
    evalBatchSize: values.eval_batch_size,
    gradientAccumulationSteps: values.gradient_accumulation_steps,
    nEpochs: values.n_epochs ?? (values.n_examples === null ? 1 : null),
    nExamples: values.n_examples,
    nEvalExamples: values.n_eval_examples,
    evalEvery: values.eval_every,
    doFirstEval: values.do_first_eval,
    sampleDuringEval: values.sample_during_eval,
    nEvalModelSamples: values.n_eval_model_samples,
    saveEvery: values.save_every,
    saveEveryMinutes: values.save_every_minutes,
    keepCheckpoints: values.keep_checkpoints,
    optimizer: values.optimizer,
    lr: values.lr,
    lrSchedulerType: values.lr_scheduler_type,
    warmupSteps: values.warmup_steps,
    maxGradNorm: values.max_grad_norm,
    minimumLogIntervalSecs: values.minimum_log_interval_secs,
    precomputeReference: values.precompute_reference === "auto"
      ? "auto"
      : values.precompute_reference === "true",
    referenceSync: referenceSync(values),
    referenceCache: values.reference_cache,
    activationCheckpointing: values.activation_checkpointing,
    trainer: values.trainer,
    devices: values.devices,
    ...nodes(values),
    trustNetwork: values.trust_network,
    hangTimeout: values.hang_timeout,
    maxRestarts: values.max_restarts,
    localDirs: values.local_dirs,
    localRunDir: values.local_run_dir,
    resume: values.resume === "latest",
    debug: values.debug,
    wandb: values["wandb.enabled"]
      ? { entity: values["wandb.entity"], project: values["wandb.project"] }
      : null,
  };
}

/** @throws InputError for a revision of what has none */
function withRevision(model: string, revision: string | null): string {
  if (revision === null) return model;
  const name = meantOnHub(model);
  if (name && isRevision(revision) && [revision, DEFAULT_REVISION].includes(name.revision)) {
    return atRevision(model, revision);
  }
  throw new InputError(
    name
      ? `model.revision=${revision} is no revision for ${model}; give a branch, tag or commit, once.`
      : `model.revision=${revision} is for models of the hub, and ${model} is none.`,
  );
}

/** @throws InputError for what shares of a batch are too small for */
function checkDivided(values: TrainValues): void {
  if (values.trainer !== "FSDPTrainer") return;
  if (values.loss === "kto" || values["loss.plus"].includes("kto")) {
    const workers = (values.devices ?? 1) * values.nnodes;
    const share = values.batch_size / values.gradient_accumulation_steps / workers;
    if (share < 2) {
      throw new InputError(
        "loss=kto compares with responses to other prompts of a worker's share of the batch; give batch_size= at " +
          "least twice gradient_accumulation_steps= times devices= (times nnodes=).",
      );
    }
  }
}

/** Where torchrun's nodes meet when nobody says. */
const MEETING_PORT = 29500;

/** @throws InputError for machines that cannot meet */
function nodes(
  values: TrainValues,
): Pick<TrainSettings, "nnodes" | "nodeRank" | "masterAddr" | "fsdpPort"> {
  const { nnodes, node_rank: nodeRank, master_addr: masterAddr, trainer } = values;
  const fsdpPort = values.fsdp_port || null;
  if (nodeRank >= nnodes) {
    throw new InputError(`node_rank=${nodeRank} has to be less than nnodes=${nnodes}.`);
  }
  if (nnodes === 1) return { nnodes, nodeRank, masterAddr, fsdpPort };
  if (trainer === "BasicTrainer") {
    throw new InputError(
      `nnodes=${nnodes} is not there for trainer=BasicTrainer; take FSDPTrainer or TensorParallelTrainer.`,
    );
  }
  if (masterAddr === null) {
    throw new InputError(
      `nnodes=${nnodes} needs master_addr=, the address at which the other machines reach the one with node_rank=0.`,
    );
  }
  if (!values.trust_network) {
    throw new InputError(
      "Workers of several machines listen for each other without passwords; say trust_network=true where nobody else " +
        "reaches their ports.",
    );
  }
  return { nnodes, nodeRank, masterAddr, fsdpPort: fsdpPort ?? MEETING_PORT };
}

function precisionOf(values: TrainValues): TrainSettings["precision"] {
  const { precision, trainer, "model.policy_dtype": dtype, "model.fsdp_policy_mp": mixed } = values;
  if (trainer === "FSDPTrainer" && mixed !== null) {
    if (mixed === "float16") {
      throw new InputError(
        "model.fsdp_policy_mp=float16 is not available, its gradients vanish without loss scaling; take bfloat16.",
      );
    }
    return mixed === "bfloat16" ? "bf16" : "fp32";
  }
  if (dtype === "float16") {
    throw new InputError(
      "model.policy_dtype=float16 is not available, its gradients vanish without loss scaling; take bfloat16.",
    );
  }
  if (dtype !== "bfloat16") return precision;
  if (precision === "fp32") {
    throw new InputError(
      "model.policy_dtype=bfloat16 contradicts precision=fp32; give one of them.",
    );
  }
  return "bf16";
}

/** @throws InputError for a loss that is not defined with the settings given */
function lossSettings(values: TrainValues): LossSettings {
  const { loss: name, "loss.plus": plus, "loss.weights": given } = values;
  const weights = (given ?? [name, ...plus].map(() => "1")).map(Number);
  if (weights.length !== plus.length + 1 || !weights.every(Number.isFinite)) {
    throw new InputError(
      `loss.weights=[${given}] has to be a number for ${[name, ...plus].join(", ")} each.`,
    );
  }
  if (name === "sft" && plus.length > 0) {
    throw new InputError(
      `loss=sft reads no pairs, so nothing can be added to it; say loss=${
        plus[0]
      } loss.plus=[sft].`,
    );
  }
  const settings: LossSettings = {
    name,
    weight: weights[0],
    plus: plus.map((name, i) => ({ name, weight: weights[i + 1] })),
    beta: values["loss.beta"] ?? 0,
    labelSmoothing: values["loss.label_smoothing"],
    referenceFree: values["loss.reference_free"],
    averageLogProb: values["loss.average_log_prob"],
    divergence: values["loss.divergence"],
    divergenceAlpha: values["loss.divergence_alpha"],
    ldAlpha: values["loss.ld_alpha"],
    wpo: values["loss.wpo"],
    gamma: values["loss.gamma"],
    discopopTau: values["loss.discopop_tau"],
    desirableWeight: values["loss.desirable_weight"],
    undesirableWeight: values["loss.undesirable_weight"],
  };
  const has = (loss: LossName) => name === loss || plus.includes(loss);
  if (has("exo_pair") && !settings.labelSmoothing) {
    throw new InputError(
      "loss=exo_pair is infinite without loss.label_smoothing=; its paper takes 0.001.",
    );
  }
  const part = values.batch_size / values.gradient_accumulation_steps;
  if (has("kto") && part < 2) {
    throw new InputError(
      "loss=kto compares with responses to other prompts of the batch; give batch_size= at least twice " +
        "gradient_accumulation_steps=.",
    );
  }
  if (has("kto") && values.precompute_reference === "true") {
    throw new InputError(
      "loss=kto asks the reference about responses to other prompts of each batch; precompute_reference=true " +
        "cannot know them.",
    );
  }
  if (has("robust") && settings.labelSmoothing === 0.5) {
    throw new InputError(
      "loss=robust needs loss.label_smoothing= below 0.5; labels at 0.5 say nothing.",
    );
  }
  if (has("discopop") && settings.discopopTau === 0) {
    throw new InputError("loss.discopop_tau=0 divides by zero; its paper takes 0.05.");
  }
  if (name !== "sft" && settings.beta === 0) {
    throw new InputError(
      `loss.beta=0 makes ${name} the same for every model; give a positive number.`,
    );
  }
  if (settings.divergence !== "reverse_kl" && !takesDivergence(settings)) {
    throw new InputError(
      `loss.divergence=${settings.divergence} is not defined for ${
        lossTitle(settings)
      }; it is for ` +
        "dpo, hinge, ipo, exo_pair, robust, discopop and sigmoid_norm.",
    );
  }
  return settings;
}

function referenceSync(values: TrainValues): TrainSettings["referenceSync"] {
  if (!values.sync_ref_model) return null;
  const why = !needsReference(lossSettings(values))
    ? `loss=${values.loss} has no reference`
    : values["lora.r"] !== null
    ? "with lora.r= the reference is the base itself"
    : values.precompute_reference === "true"
    ? "with precompute_reference=true the reference's log-probs are fixed"
    : null;
  if (why) {
    throw new InputError(`sync_ref_model=true lets the reference follow the policy, but ${why}.`);
  }
  return { mixupAlpha: values.ref_model_mixup_alpha, steps: values.ref_model_sync_steps };
}

/** LoRA as PEFT's users know it: on all linear layers, with TRL's alpha of twice r and without dropout. */
function loraSettings(values: TrainValues): LoraSettings | null {
  const {
    "lora.r": r,
    "lora.alpha": alpha,
    "lora.dropout": dropout,
    "lora.targets": targets,
  } = values;
  if (r === null) {
    for (const key of ["lora.alpha", "lora.dropout", "lora.targets"] as const) {
      if (values[key] === null) continue;
      throw new InputError(`${key}= has no effect without lora.r=; give the adapters' width too.`);
    }
    return null;
  }
  if (alpha === 0) {
    throw new InputError("lora.alpha=0 switches the adapters off; give a positive number.");
  }
  if (dropout === 1) {
    throw new InputError("lora.dropout=1 drops everything; give a number below 1.");
  }
  if (targets?.length === 0) {
    throw new InputError(`lora.targets=[] trains nothing; choose from ${LORA_TARGETS.join(", ")}.`);
  }
  return {
    r,
    alpha: alpha ?? 2 * r,
    dropout: dropout ?? 0,
    targets: LORA_TARGETS.filter((target) => (targets ?? LORA_TARGETS).includes(target)),
  };
}
