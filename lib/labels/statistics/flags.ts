/**
 * What to know about a labeler, in plain sentences.
 *
 * @module
 */
import type { Estimate } from "@/lib/labels/statistics/estimate.ts";
import type { SideBias } from "@/lib/labels/statistics/side-bias.ts";

/** What the sentences are drawn from. */
export interface LabelerEvidence {
  labeler: string;
  left: SideBias | null;
  /** Cohen's kappa with the majority of the others. */
  others: Estimate | null;
  /** Agreement with the unit tests, of the choices where they tell who is right. */
  tests: Estimate | null;
  gold: Estimate | null;
  /** Same preference when a pair was shown again. */
  self: Estimate | null;
}

export type FlagName =
  | "biased to the left"
  | "biased to the right"
  | "no better than chance"
  | "fails gold pairs"
  | "contradicts themselves"
  | "too few labels"
  | "ok";

/** A finding and the sentence with its numbers. */
export interface Flag {
  name: FlagName;
  sentence: string;
}

/** Below so many observations nothing is said. */
export const FEWEST = 30;
/** Kappa below this is at most "fair" (Landis and Koch 1977). */
const FAIR = 0.4;
/** Gold pairs are clear cases: who gets fewer right than this has not read the guidelines. */
const GOLD_RIGHT = 0.7;
/** Fewer equal answers to the same question than this, and the first ones are worth little. */
const SELF_EQUAL = 0.6;
/** The chance that anybody at all is called biased without being so. */
const FALSE_ALARMS = 0.05;

/**
 * The flags of each labeler, by name; at least one each.
 *
 * - Biased to a side: the exact binomial test of 1/2, with Bonferroni's correction for the number of labelers, so that
 *   with unbiased labelers the chance that anybody is flagged is 5 %.
 * - No better than chance: of the references with 30 or more observations (the others' majority by kappa, unit tests
 *   by the share of agreement) none is above chance by its 95 % interval, and none can be more than fair.
 * - Fails gold pairs, contradicts themselves: the 95 % interval is below 70 % right, below 60 % equal.
 * - Too few labels: no reference, and fewer than 30 choices of a side.
 */
export function labelerFlags(labelers: readonly LabelerEvidence[]): Map<string, Flag[]> {
  const threshold = FALSE_ALARMS / Math.max(1, labelers.length);
  return new Map(labelers.map((labeler) => [labeler.labeler, flagsOf(labeler, threshold)]));
}

function flagsOf(labeler: LabelerEvidence, threshold: number): Flag[] {
  const { left, gold, self } = labeler;
  const flags: Flag[] = [];
  if (left && left.p < threshold) {
    const side = left.value > 0.5 ? "left" : "right";
    const share = left.value > 0.5
      ? left
      : { ...left, value: 1 - left.value, low: 1 - left.high, high: 1 - left.low };
    flags.push({
      name: `biased to the ${side}`,
      sentence: `Chose the ${side} side in ${percent(share)} of ${left.n} choices; ` +
        "without a bias it would be half of them.",
    });
  }
  const references = referencesOf(labeler);
  if (references.length > 0 && references.every(({ chance }) => chance)) {
    flags.push({
      name: "no better than chance",
      sentence: `Agrees no more than chance with ${
        references.map(({ text }) => text).join(" and with ")
      }.`,
    });
  }
  if (gold && gold.high < GOLD_RIGHT) {
    flags.push({
      name: "fails gold pairs",
      sentence: `Got ${percent(gold)} of ${gold.n} gold pairs right.`,
    });
  }
  if (self && self.high < SELF_EQUAL) {
    flags.push({
      name: "contradicts themselves",
      sentence: `Said the same again of ${percent(self)} of ${self.n} pairs that were shown twice.`,
    });
  }
  if (flags.length > 0) return flags;
  if (references.length === 0 && (left?.n ?? 0) < FEWEST) {
    return [{
      name: "too few labels",
      sentence: `Too few labels to say anything: it takes ${FEWEST} choices of a side.`,
    }];
  }
  return [{ name: "ok", sentence: "Nothing stands out." }];
}

function referencesOf({ others, tests }: LabelerEvidence): { chance: boolean; text: string }[] {
  const references: { chance: boolean; text: string }[] = [];
  if (others && others.n >= FEWEST) {
    references.push({
      chance: others.low <= 0 && others.high < FAIR,
      text: `the others' majority (kappa ${number(others)} on ${others.n} pairs)`,
    });
  }
  if (tests && tests.n >= FEWEST) {
    // A share of agreement p on two answers is a kappa of 2p − 1.
    references.push({
      chance: tests.low <= 0.5 && 2 * tests.high - 1 < FAIR,
      text: `the unit tests (${percent(tests)} of ${tests.n} choices)`,
    });
  }
  return references;
}

/** `71 % (64 to 77 %)`. */
export function percent({ value, low, high }: Omit<Estimate, "n">): string {
  const whole = (share: number) => Math.round(100 * share);
  return `${whole(value)} % (${whole(low)} to ${whole(high)} %)`;
}

/** `0.31 (0.22 to 0.40)`. */
export function number({ value, low, high }: Omit<Estimate, "n">): string {
  return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`.replaceAll("-", "−");
}
