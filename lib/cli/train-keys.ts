/**
 * The keys of `deno task train`: those of the reference's configuration with its defaults, and ours.
 *
 * @module
 */
import type { Key } from "@/lib/cli/core/settings.ts";
import { FAMILIES } from "@/lib/models/families/mod.ts";
import { LORA_TARGETS } from "@/lib/models/lora.ts";
import { DIVERGENCES, LOSS_NAMES } from "@/lib/losses/mod.ts";
import { OPTIMIZER_NAMES } from "@/lib/trainers/optimizer-rules.ts";
import { TRAINERS } from "@/lib/trainers/settings.ts";
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
      "registered names, JSONL or Parquet files, or dataset folders with prompt, chosen, rejected",
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
    help: "preset, .gguf file, Hugging Face folder, or ollama:NAME",
  },
  "model.name_or_path": {
    type: "string",
    optional: true,
    help: "the same, for a model without a preset",
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

  loss: {
    type: "string",
    choices: LOSS_NAMES,
    help: "what is learnt; but for sft, dpo (TRL's sigmoid) and ipo by TRL's names",
  },
  "loss.beta": {
    type: "number",
    optional: true,
    min: 0,
    help: "strength of the hold to the reference; simpo's scale, orpo's weight of the preference",
  },
  "loss.label_smoothing": {
    type: "number",
    default: 0,
    min: 0,
    max: 0.5,
    help: "probability that a label is wrong (dpo: conservative DPO; robust, exo_pair, aot, simpo)",
  },
  "loss.reference_free": {
    type: "boolean",
    default: false,
    help: "take the reference to prefer neither response",
  },
  "loss.average_log_prob": {
    type: "boolean",
    default: false,
    help: "sft, ipo: means over a response's tokens instead of sums",
  },
  "loss.plus": {
    type: "list",
    default: [],
    choices: LOSS_NAMES,
    help: "losses that are added; sft (a mean over tokens) holds chosen responses likely",
  },
  "loss.weights": {
    type: "list",
    optional: true,
    help: "factors of loss and of those in loss.plus, in their order; 1 each when not given",
  },
  "loss.divergence": {
    type: "string",
    choices: DIVERGENCES,
    default: "reverse_kl",
    help: "f-divergence by which the policy is held to the reference (f-DPO)",
  },
  "loss.divergence_alpha": {
    type: "number",
    default: 0.5,
    help: "alpha of loss.divergence=alpha; 1 is reverse_kl",
  },
  "loss.ld_alpha": {
    type: "number",
    optional: true,
    min: 0,
    max: 1,
    help: "what tokens beyond the pair's shorter response count (LD-DPO); 1 when not given",
  },
  "loss.wpo": {
    type: "boolean",
    default: false,
    help: "weigh pairs by how likely the policy is to write them (WPO)",
  },
  "loss.gamma": {
    type: "number",
    default: 0.5,
    min: 0,
    help: "simpo: the margin that is aimed at",
  },
  "loss.desirable_weight": {
    type: "number",
    default: 1,
    min: 0,
    help: "kto: factor of chosen responses' losses",
  },
  "loss.undesirable_weight": {
    type: "number",
    default: 1,
    min: 0,
    help: "kto: factor of rejected responses' losses",
  },
  "loss.discopop_tau": {
    type: "number",
    default: 0.05,
    min: 0,
    help: "discopop: temperature of the mixture of its two parts",
  },

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

  trainer: {
    type: "string",
    choices: TRAINERS,
    default: "BasicTrainer",
    help:
      "how work is spread over devices: BasicTrainer puts layers on them in order, in one process; FSDPTrainer gives " +
      "each a worker process, a piece of every layer and a part of each batch; TensorParallelTrainer a worker process " +
      "with some of the heads, of the feed-forward block's columns and of the vocabulary",
  },
  devices: {
    type: "integer",
    optional: true,
    min: 1,
    help:
      "how many devices: GPUs, or logical CPU devices (BasicTrainer) or processes (the other trainers); all GPUs or one CPU " +
      "when not given",
  },
  "model.fsdp_policy_mp": {
    type: "string",
    optional: true,
    choices: ["float32", "bfloat16", "float16"],
    help: "FSDPTrainer: bfloat16 is precision=bf16 and float32 fp32, whatever precision= says",
  },
  fsdp_port: {
    type: "integer",
    aliases: ["master_port"],
    optional: true,
    min: 0,
    max: 65_000,
    help: "first of the ports at which workers listen for each other; 0 and not given: free ones",
  },
  trust_network: {
    type: "boolean",
    default: false,
    help:
      "let workers listen on this machine's network: their ports have no passwords; without it they get a network of " +
      "their own (Linux), or are refused",
  },
  hang_timeout: {
    type: "integer",
    default: 600,
    min: 1,
    help:
      "seconds of silence after which workers that train are started again; tracing, evaluating and saving do not count",
  },
  max_restarts: {
    type: "integer",
    default: 3,
    min: 0,
    help: "how often lost workers are started again from the last checkpoint",
  },
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
    help: "compute activations again for the gradient: less memory, about a fifth more time",
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

/** A model's id on the Hugging Face hub, and the class of its layers. */
const preset = (id: string, block: string) => ({
  "model.name_or_path": id,
  "model.block_name": block,
});

/** What `loss=` and `model=` set beside themselves; "???" makes a key mandatory, as in the reference. */
export const TRAIN_PRESETS = {
  loss: Object.fromEntries(
    LOSS_NAMES.map((name) => [name, name === "sft" ? {} : { "loss.beta": "???" }]),
  ),
  model: {
    blank_model: { "model.name_or_path": "???" },
    "gpt2-large": preset("gpt2-large", "GPT2Block"),
    "gpt2-xl": preset("gpt2-xl", "GPT2Block"),
    gptj: preset("EleutherAI/gpt-j-6b", "GPTJBlock"),
    llama7b: preset("huggyllama/llama-7b", "LlamaDecoderLayer"),
    pythia28: preset("EleutherAI/pythia-2.8b", "GPTNeoXLayer"),
    pythia69: preset("EleutherAI/pythia-6.9b", "GPTNeoXLayer"),
    codellama7b: preset("codellama/CodeLlama-7b-hf", "LlamaDecoderLayer"),
    llama32: preset("meta-llama/Llama-3.2-1B-Instruct", "LlamaDecoderLayer"),
    mistral7b: preset("mistralai/Mistral-7B-Instruct-v0.3", "MistralDecoderLayer"),
    qwen25coder: preset("Qwen/Qwen2.5-Coder-0.5B-Instruct", "Qwen2DecoderLayer"),
  },
} as const;
