/**
 * The keys of `deno task train` that say what is learnt.
 *
 * @module
 */
import type { Key } from "@/lib/cli/core/settings.ts";
import { DIVERGENCES, LOSS_NAMES } from "@/lib/losses/mod.ts";

export const LOSS_KEYS = {
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
} as const satisfies Record<string, Key>;
