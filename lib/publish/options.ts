/**
 * What decides which preferences are published, and where they go.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

export const AGGREGATES = ["majority", "dawid_skene"] as const;
export const UNDECIDED_POLICIES = ["drop", "tests"] as const;
export const FAILING_POLICIES = ["drop", "keep"] as const;
export const FINDING_POLICIES = ["refuse", "drop"] as const;

/** How labels become preferences. */
export interface PreferenceOptions {
  /** Take pairs that only synthetic labels decide. */
  includeSynthetic: boolean;
  /** How several labelers' choices become one. */
  aggregate: typeof AGGREGATES[number];
  /** Pairs that are equally good, or whose labelers are divided: left out, or decided by unit tests where these can. */
  ties: typeof UNDECIDED_POLICIES[number];
  /** Pairs of which both are bad: likewise. */
  bothBad: typeof UNDECIDED_POLICIES[number];
  /**
   * Majority: share of the labelers who have to prefer what is chosen; Dawid–Skene: the model's probability of it.
   * From 0 to 1.
   */
  minAgreement: number;
  /** So many labelers have to have decided on a pair. */
  minLabels: number;
  /** Of the prompt and the longer answer together, in Unicode code points; longer ones are left out. */
  maxCharacters: number;
  /** Pairs of which both answers fail their unit tests. */
  failingBoth: typeof FAILING_POLICIES[number];
  /** Seed of the split. */
  seed: number;
  /** Part of the questions that goes to the test split, from 0 up to 1. */
  testFraction: number;
  /** A day as in `2024-07-01`: questions released from it on are the test split, all others the training split. */
  testFrom: string | null;
  /** Texts with account names, addresses or secrets in them: an error that names them, or their pairs are left out. */
  findings: typeof FINDING_POLICIES[number];
  /** Account names and addresses that may stand in texts. */
  allowWords: readonly string[];
}

export const DEFAULT_OPTIONS: Readonly<PreferenceOptions> = {
  includeSynthetic: false,
  aggregate: "majority",
  ties: "drop",
  bothBad: "drop",
  minAgreement: 0,
  minLabels: 1,
  maxCharacters: 20_000,
  failingBoth: "drop",
  seed: 0,
  testFraction: 0.1,
  testFrom: null,
  findings: "refuse",
  allowWords: [],
};

/**
 * Defaults where nothing is said.
 * @throws InputError when a value cannot be right
 */
export function completeOptions(given: Partial<PreferenceOptions>): PreferenceOptions {
  const told = Object.entries(given).filter(([, value]) => value !== undefined);
  const options: PreferenceOptions = { ...DEFAULT_OPTIONS, ...Object.fromEntries(told) };
  const { testFraction, minAgreement, minLabels, maxCharacters, testFrom } = options;
  if (!(testFraction >= 0 && testFraction < 1)) {
    throw new InputError(`test_fraction=${testFraction} has to be a number from 0 up to below 1.`);
  }
  if (!(minAgreement >= 0 && minAgreement <= 1)) {
    throw new InputError(`min_agreement=${minAgreement} has to be a number from 0 to 1.`);
  }
  for (const [name, value] of [["min_labels", minLabels], ["max_characters", maxCharacters]]) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw new InputError(`${name}=${value} has to be a whole number of at least 1.`);
    }
  }
  if (testFrom !== null && !isDay(testFrom)) {
    throw new InputError(`test_from=${testFrom} has to be a day as in 2024-07-01.`);
  }
  return options;
}

const isDay = (text: string): boolean => {
  const day = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day.getTime()) &&
    day.toISOString().startsWith(text);
};
