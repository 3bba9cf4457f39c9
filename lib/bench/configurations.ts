/**
 * What `deno task bench train` compares: one line each.
 *
 * @module
 */
import type { Precision } from "@/lib/models/precision.ts";

/** Adapters, the same on both sides. */
export interface BenchLora {
  r: number;
  alpha: number;
  dropout: number;
  targets: string[];
}

/** One way to train. */
export interface Configuration {
  name: string;
  /** For the page. */
  title: string;
  loss: "dpo" | "sft";
  precision: Precision;
  /** The reference's log-probs are computed once, before the first step. */
  precomputeReference: boolean;
  /** Ours computes activations again for the gradient; TRL keeps them. */
  activationCheckpointing: boolean;
  lora: BenchLora | null;
}

const plain = {
  precision: "bf16",
  precomputeReference: false,
  activationCheckpointing: false,
  lora: null,
} as const;

/** Those that are measured in rounds of a few steps. */
export const CONFIGURATIONS: readonly Configuration[] = [
  { ...plain, name: "dpo", title: "DPO, bf16", loss: "dpo" },
  {
    ...plain,
    name: "dpo-precomputed",
    title: "DPO, bf16, reference precomputed",
    loss: "dpo",
    precomputeReference: true,
  },
  {
    ...plain,
    name: "dpo-checkpointing",
    title: "DPO, bf16, activation checkpointing on our side",
    loss: "dpo",
    activationCheckpointing: true,
  },
  { ...plain, name: "dpo-fp32", title: "DPO, fp32", loss: "dpo", precision: "fp32" },
  { ...plain, name: "sft", title: "SFT, bf16", loss: "sft" },
  {
    ...plain,
    name: "lora",
    title: "DPO, bf16, LoRA r = 8 on q and v",
    loss: "dpo",
    lora: { r: 8, alpha: 16, dropout: 0, targets: ["q_proj", "v_proj"] },
  },
];

/** A whole epoch with all that belongs to a run, trained as the first configuration. */
export const EPOCH = "epoch";

/** Names that `only=` takes. */
export const CONFIGURATION_NAMES: readonly string[] = [
  ...CONFIGURATIONS.map(({ name }) => name),
  EPOCH,
];

/** What both sides are told alike. */
export const TRAINING = {
  batchSize: 4,
  evalBatchSize: 16,
  beta: 0.1,
  lr: 5e-7,
  maxGradNorm: 10,
} as const;
