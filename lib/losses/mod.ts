/**
 * Losses: pure functions of log-probs. A new pair loss is one file and one entry in {@link PAIR_LOSSES}.
 *
 * @module
 */
import { tf } from "@/lib/tensorflow/mod.ts";
import { aotLoss, aotUnpairedLoss } from "@/lib/losses/aot.ts";
import { apoDownLoss, apoZeroLoss } from "@/lib/losses/apo.ts";
import { bcoPairLoss } from "@/lib/losses/bco-pair.ts";
import { discopopLoss } from "@/lib/losses/discopop.ts";
import { dpoLoss } from "@/lib/losses/dpo.ts";
import { exoPairLoss } from "@/lib/losses/exo-pair.ts";
import { hingeLoss } from "@/lib/losses/hinge.ts";
import { ipoLoss } from "@/lib/losses/ipo.ts";
import { ktoPairLoss } from "@/lib/losses/kto.ts";
import { averageRewards, implicitRewards } from "@/lib/losses/log-ratios.ts";
import { ncaPairLoss } from "@/lib/losses/nca-pair.ts";
import { orpoLoss } from "@/lib/losses/orpo.ts";
import { robustLoss } from "@/lib/losses/robust.ts";
import { sftTerm } from "@/lib/losses/sft.ts";
import { sigmoidNormLoss } from "@/lib/losses/sigmoid-norm.ts";
import { simpoLoss } from "@/lib/losses/simpo.ts";
import { sppoHardLoss } from "@/lib/losses/sppo-hard.ts";
import type { LossOptions, PairBatch, PairLosses } from "@/lib/losses/types.ts";
import { pairWeights } from "@/lib/losses/wpo.ts";

export { ktoLoss } from "@/lib/losses/kto.ts";
export { sftLoss } from "@/lib/losses/sft.ts";
export * from "@/lib/losses/types.ts";

/** One kind of pair loss. */
interface PairLoss {
  /** fp32 [pairs]. */
  losses: (batch: PairBatch, options: LossOptions) => tf.Tensor1D;
  /** Whether it compares with a reference. */
  reference: boolean;
  /** Whether it is a function of the two responses' scores, which an f-divergence defines. */
  divergence: boolean;
  /** Whether it reads log-probs of responses to other prompts of the batch. */
  mismatched?: boolean;
  /** Whether it compares within the batch, so that parts of a batch are another loss than the whole. */
  wholeBatch?: boolean;
}
const ofScores = { reference: true, divergence: true };
const ofRatios = { reference: true, divergence: false };
const ofPolicy = { reference: false, divergence: false };

/** By the names of `loss=`, which are TRL's but for DPO, whose is `sigmoid`. */
export const PAIR_LOSSES = {
  dpo: { losses: dpoLoss, ...ofScores },
  hinge: { losses: hingeLoss, ...ofScores },
  ipo: { losses: ipoLoss, ...ofScores },
  exo_pair: { losses: exoPairLoss, ...ofScores },
  nca_pair: { losses: ncaPairLoss, ...ofRatios },
  robust: { losses: robustLoss, ...ofScores },
  bco_pair: { losses: bcoPairLoss, ...ofRatios },
  sppo_hard: { losses: sppoHardLoss, ...ofRatios },
  aot: { losses: aotLoss, ...ofRatios, wholeBatch: true },
  aot_unpaired: { losses: aotUnpairedLoss, ...ofRatios, wholeBatch: true },
  apo_zero: { losses: apoZeroLoss, ...ofRatios },
  apo_down: { losses: apoDownLoss, ...ofRatios },
  discopop: { losses: discopopLoss, ...ofScores },
  sigmoid_norm: { losses: sigmoidNormLoss, ...ofScores },
  kto: { losses: ktoPairLoss, ...ofRatios, mismatched: true, wholeBatch: true },
  simpo: { losses: simpoLoss, ...ofPolicy },
  orpo: { losses: orpoLoss, ...ofPolicy, wholeBatch: true },
} as const satisfies Record<string, PairLoss>;

export type PairLossName = keyof typeof PAIR_LOSSES;

/** Names that `loss=` takes. */
export const LOSS_NAMES = ["sft", ...Object.keys(PAIR_LOSSES)] as ("sft" | PairLossName)[];
export type LossName = typeof LOSS_NAMES[number];

/** A loss that is added to the main one. */
export interface LossTerm {
  name: LossName;
  weight: number;
}

/** The `loss.*` settings. */
export interface LossSettings extends LossOptions {
  /** The main loss, whose rewards are told. */
  name: LossName;
  /** Factor of the main loss; 1 when not given. */
  weight?: number;
  /** What is added to it. */
  plus?: readonly LossTerm[];
}

/** Main loss and what is added to it. */
const termsOf = ({ name, weight = 1, plus = [] }: LossSettings): LossTerm[] => [
  { name, weight },
  ...plus,
];

/** A loss in words: `dpo`, `0.8·dpo + 0.2·sft`. */
export const lossTitle = (settings: LossSettings): string =>
  termsOf(settings).map(({ name, weight }) => weight === 1 ? name : `${weight}·${name}`).join(
    " + ",
  );

/** Whether some term compares with a reference. */
export const needsReference = (settings: LossSettings): boolean =>
  termsOf(settings).some(({ name }) => name !== "sft" && PAIR_LOSSES[name].reference);

/** Whether some term is defined on a batch, so that its parts are another loss than the whole. */
export const needsWholeBatch = (settings: LossSettings): boolean =>
  termsOf(settings).some(({ name }) =>
    name === "sft" ? settings.name !== "sft" : ruleOf(name).wholeBatch ?? false
  );

/** Whether some term reads log-probs of responses to other prompts of the batch. */
export const needsMismatched = (settings: LossSettings): boolean =>
  termsOf(settings).some(({ name }) => name !== "sft" && (ruleOf(name).mismatched ?? false));

/** Whether all terms are functions of scores, which an f-divergence defines. */
export const takesDivergence = (settings: LossSettings): boolean =>
  termsOf(settings).every(({ name }) => name === "sft" || PAIR_LOSSES[name].divergence);

const ruleOf = (name: PairLossName): PairLoss => PAIR_LOSSES[name];

/**
 * The weighted sum of a loss's terms for each pair, with the rewards of the main one. Where a term belongs to the
 * batch, not to a pair (`sft` beside a preference loss, `orpo`'s likelihood, ranks), only the mean has a meaning.
 *
 * @throws {TypeError} for plain SFT, which has no pairs
 */
export function pairLoss(batch: PairBatch, settings: LossSettings): PairLosses {
  const { name, beta, wpo } = settings;
  if (name === "sft") throw new TypeError("sft is not a pair loss");
  const terms = termsOf(settings).map(({ name, weight }) => {
    const losses = name === "sft" ? sftTerm(batch) : ruleOf(name).losses(batch, settings);
    return weight === 1 ? losses : tf.mul(losses, weight) as tf.Tensor1D;
  });
  const sum = terms.reduce((a, b) => tf.add(a, b));
  return {
    losses: wpo ? tf.mul(sum, pairWeights(batch)) : sum,
    ...PAIR_LOSSES[name].reference ? implicitRewards(batch, beta) : averageRewards(batch, beta),
  };
}
