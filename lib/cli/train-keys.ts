/**
 * The keys of `deno task train`: those of the reference's configuration with its defaults, and ours.
 *
 * @module
 */
import type { Key } from "@/lib/cli/core/settings.ts";
import { LOSS_KEYS } from "@/lib/cli/loss-keys.ts";
import { A_MODEL } from "@/lib/cli/model-help.ts";
import { WORKER_KEYS } from "@/lib/cli/worker-keys.ts";
import { DATASETS } from "@/lib/datasets/registry.ts";
import { FAMILIES } from "@/lib/models/families/mod.ts";
import { LORA_TARGETS } from "@/lib/models/lora.ts";
import { MODEL_PRESETS } from "@/lib/models/presets.ts";
import { LOSS_NAMES } from "@/lib/losses/mod.ts";
import { OPTIMIZER_NAMES } from "@/lib/trainers/optimizer-rules.ts";
import { SCHEDULE_NAMES } from "@/lib/trainers/schedule.ts";

/** Classes of layers that people name to the reference, and the architectures that have them. */
export const BLOCK_ARCHITECTURES: Readonly<Record<string, string>> = Object.fromEntries(
  FAMILIES.map(({ block, name }) => [block, name]),
);

export const TRAIN_KEYS = {
  exp_name: { type: "string", help: "name of the experiment; the run folder begins with it" },
  seed: { type: "integer", default: 0, help: "seed of the data's order" },
  datasets: {
    type: "list",
    help:
      `what to train on, each as NAME[@REVISION][+config=…][+train=…][+test=…][:WEIGHT]; NAME: ${
        Object.keys(DATASETS).join(", ")
      }, or a file or folder (JSONL, JSON, CSV, Parquet), or NAMESPACE/NAME of the hub, in any of TRL's preference ` +
      "formats (docs/datasets.md)",
  },
  db: {
    type: "string",
    default: "data/codepref.duckdb",
    help: "database that dataset lc was published from, and that metrics are copied to",
  },
  test_fraction: {
    type: "number",
    default: 0.1,
    min: 0,
    max: 1,
    help: "share of prompts held out where a dataset has no test split",
  },

  model: {
    type: "string",
    default: "smollm2",
    help: A_MODEL,
  },
  "model.name_or_path": {
    type: "string",
    optional: true,
    help: "the same, for a model without a preset",
  },
  "model.revision": {
    type: "string",
    aliases: ["model_revision"],
    optional: true,
    help: "branch, tag or commit of a model of the hub; main when not given",
  },
  "model.tokenizer_name_or_path": {
    type: "string",
    optional: true,
    help: "has to be the model's own; kept for the reference's commands",
  },
  "model.archive": {
    type: "string",
    optional: true,
    help:
      "checkpoint that policy and reference start from: RUN/LATEST/policy (policy.pt means that folder)",
  },
  "model.block_name": {
    type: "string",
    optional: true,
    choices: Object.keys(BLOCK_ARCHITECTURES),
    help:
      "class of the model's layers in transformers; found by itself, refused where it is another model's",
  },
  "model.policy_dtype": {
    type: "string",
    optional: true,
    choices: ["float32", "bfloat16", "float16"],
    help:
      "bfloat16 is precision=bf16; the weights and the optimiser's state stay float32 in any case",
  },
  "model.reference_dtype": {
    type: "string",
    optional: true,
    choices: ["float32", "bfloat16", "float16"],
    help: "kept for the reference's commands: the reference is computed as the policy is",
  },
  precision: {
    type: "string",
    choices: ["auto", "fp32", "bf16"],
    default: "auto",
    help:
      "format of matrix products; weights are fp32 always; auto takes bf16 where it measures faster",
  },
  layout: {
    type: "string",
    choices: ["auto", "padded", "packed", "shared-prompt"],
    default: "auto",
    help: "how a batch lies in memory; all give the same numbers",
  },

  ...LOSS_KEYS,

  "lora.r": {
    type: "integer",
    optional: true,
    min: 1,
    help:
      "train LoRA adapters of this inner width instead of the model's own weights; without it, all weights are trained",
  },
  "lora.alpha": {
    type: "number",
    optional: true,
    min: 0,
    help: "the adapters' product is multiplied by alpha/r; 2·r when not given",
  },
  "lora.dropout": {
    type: "number",
    optional: true,
    min: 0,
    max: 1,
    help:
      "probability with which an input of the adapters is dropped while training, less than 1; 0 when not given",
  },
  "lora.targets": {
    type: "list",
    optional: true,
    choices: LORA_TARGETS,
    help: "matrices of each layer that get adapters; all when not given",
  },

  ...WORKER_KEYS,
  optimizer: {
    type: "string",
    choices: OPTIMIZER_NAMES,
    default: "RMSprop",
    help: "rule of the updates",
  },
  lr: { type: "number", default: 5e-7, min: 0, help: "learning rate after warm-up" },
  lr_scheduler_type: {
    type: "string",
    choices: SCHEDULE_NAMES,
    default: "constant",
    help: "after warm-up: constant, or down to 0 at the end of the run, in a line or a half cosine",
  },
  warmup_steps: { type: "integer", default: 150, min: 0, help: "updates of linear warm-up" },
  precompute_reference: {
    type: "string",
    choices: ["auto", "true", "false"],
    default: "auto",
    help:
      "compute the reference's log-probs once, before training, which frees its memory; auto does where the data are " +
      "seen more than once",
  },
  sync_ref_model: {
    type: "boolean",
    default: false,
    help: "let the reference follow the policy (TR-DPO)",
  },
  ref_model_mixup_alpha: {
    type: "number",
    default: 0.6,
    min: 0,
    max: 1,
    help: "share of the policy in the new reference; 1 replaces it",
  },
  ref_model_sync_steps: {
    type: "integer",
    default: 512,
    min: 1,
    help: "updates after which it follows",
  },
  reference_cache: {
    type: "string",
    optional: true,
    help: "folder that keeps them for later runs; default .cache/reference of the project",
  },
  activation_checkpointing: {
    type: "boolean",
    default: false,
    help:
      "compute activations again for the gradient: about a third less memory and a fifth more time (docs/benchmarks.md)",
  },
  max_grad_norm: {
    type: "number",
    default: 10,
    min: 0,
    help: "gradients of a larger norm are scaled down to it",
  },
  batch_size: { type: "integer", default: 4, min: 1, help: "examples per update" },
  eval_batch_size: { type: "integer", default: 16, min: 1, help: "examples per evaluation batch" },
  gradient_accumulation_steps: {
    type: "integer",
    default: 1,
    min: 1,
    help: "parts a batch is computed in",
  },
  n_epochs: {
    type: "integer",
    optional: true,
    min: 1,
    help: "passes over the data (1, when n_examples is not given)",
  },
  n_examples: { type: "integer", optional: true, min: 1, help: "examples to train on in all" },

  max_length: {
    type: "integer",
    default: 512,
    min: 2,
    help: "longest prompt and response together, in tokens",
  },
  max_prompt_length: {
    type: "integer",
    default: 256,
    min: 1,
    help: "what a prompt is cut to when prompt and response are too long, in tokens",
  },
  max_truncated_fraction: {
    type: "number",
    default: 1,
    min: 0,
    max: 1,
    help: "refuse to train when more than this share of the examples is cut",
  },
  prompt_format: {
    type: "string",
    choices: ["plain", "chat"],
    default: "plain",
    help: "plain: the prompt as it is; chat: as a user's message in the model's template",
  },

  n_eval_examples: {
    type: "integer",
    default: 256,
    min: 0,
    help: "held-out examples to evaluate on, at most",
  },
  eval_every: { type: "integer", default: 20_000, min: 1, help: "evaluate every so many examples" },
  do_first_eval: { type: "boolean", default: true, help: "evaluate before the first update" },
  sample_during_eval: {
    type: "boolean",
    default: true,
    help: "at evaluations, write what policy and reference answer to samples.jsonl",
  },
  n_eval_model_samples: {
    type: "integer",
    default: 16,
    min: 0,
    help: "prompts that are answered then",
  },

  local_dirs: {
    type: "list",
    default: ["runs"],
    help: "folders of runs; the first takes new ones",
  },
  local_run_dir: {
    type: "string",
    optional: true,
    help: "the run's folder itself, instead of one below local_dirs",
  },
  resume: {
    type: "string",
    choices: ["latest"],
    optional: true,
    help: "latest: go on with the newest run of this exp_name, or start one",
  },
  save_every: {
    type: "integer",
    optional: true,
    min: 1,
    help: "save a checkpoint every so many examples",
  },
  save_every_minutes: {
    type: "number",
    default: 15,
    min: 0,
    help: "save a checkpoint at least this often",
  },
  keep_checkpoints: {
    type: "integer",
    default: 2,
    min: 1,
    help: "newest checkpoints kept, beside the best one",
  },
  minimum_log_interval_secs: {
    type: "number",
    default: 1,
    min: 0,
    help: "least time between two lines of metrics",
  },
  debug: { type: "boolean", default: false, help: "train without saving checkpoints" },
  "wandb.enabled": {
    type: "boolean",
    default: false,
    help:
      "write the metrics as an offline run of Weights & Biases too, into wandb/ of the run's folder; " +
      "`.venv-wandb/bin/wandb sync` sends it",
  },
  "wandb.entity": { type: "string", optional: true, help: "whose project it is" },
  "wandb.project": {
    type: "string",
    default: "direct-preference-optimization",
    help: "the project that the run belongs to",
  },
} as const satisfies Record<string, Key>;

/** What `loss=` and `model=` set beside themselves; "???" makes a key mandatory, as in the reference. */
export const TRAIN_PRESETS = {
  loss: Object.fromEntries(
    LOSS_NAMES.map((name) => [name, name === "sft" ? {} : { "loss.beta": "???" }]),
  ),
  model: {
    blank_model: { "model.name_or_path": "???" },
    ...Object.fromEntries(
      Object.entries(MODEL_PRESETS).filter(([, { installed }]) => !installed).map((
        [name, { hub, block }],
      ) => [name, { "model.name_or_path": hub, "model.block_name": block }]),
    ),
  },
};
