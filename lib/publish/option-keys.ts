/**
 * The settings that decide what is published, by the names that people write: on the command line and in the web app.
 *
 * @module
 */
import {
  AGGREGATES,
  DEFAULT_OPTIONS,
  FAILING_POLICIES,
  FINDING_POLICIES,
  type PreferenceOptions,
  UNDECIDED_POLICIES,
} from "@/lib/publish/options.ts";

/** Each with its type, its default and what it means. */
export const OPTION_KEYS = {
  aggregate: {
    type: "string",
    choices: AGGREGATES,
    default: DEFAULT_OPTIONS.aggregate,
    help:
      "How several labelers' choices become one: most votes, or Dawid and Skene's model, which finds out who can be relied on.",
  },
  ties: {
    type: "string",
    choices: UNDECIDED_POLICIES,
    default: DEFAULT_OPTIONS.ties,
    help:
      "Pairs found equally good, or whose labelers are divided: left out, or decided by unit tests where these can.",
  },
  both_bad: {
    type: "string",
    choices: UNDECIDED_POLICIES,
    default: DEFAULT_OPTIONS.bothBad,
    help: "Pairs found both bad: likewise.",
  },
  min_agreement: {
    type: "number",
    default: DEFAULT_OPTIONS.minAgreement,
    min: 0,
    max: 1,
    help:
      "majority: share of a pair's labelers who have to prefer what is chosen; dawid_skene: the model's probability of it.",
  },
  min_labels: {
    type: "integer",
    default: DEFAULT_OPTIONS.minLabels,
    min: 1,
    help: "So many labelers have to have decided on a pair.",
  },
  max_characters: {
    type: "integer",
    default: DEFAULT_OPTIONS.maxCharacters,
    min: 1,
    help: "Pairs whose prompt and longer answer are longer together are left out.",
  },
  failing_both: {
    type: "string",
    choices: FAILING_POLICIES,
    default: DEFAULT_OPTIONS.failingBoth,
    help: "Pairs of which both answers fail their unit tests.",
  },
  include_synthetic: {
    type: "boolean",
    default: DEFAULT_OPTIONS.includeSynthetic,
    help: "Take reference solutions against failing answers too: a demonstration, not evidence.",
  },
  findings: {
    type: "string",
    choices: FINDING_POLICIES,
    default: DEFAULT_OPTIONS.findings,
    help:
      "Texts with account names, e-mail addresses or secrets in them: an error that says where, or their pairs are left out.",
  },
  allow_words: {
    type: "list",
    default: [],
    help: "Account names and addresses that may stand in texts, being words or made up.",
  },
  seed: {
    type: "integer",
    default: DEFAULT_OPTIONS.seed,
    help: "Seed of the split into train and test.",
  },
  test_fraction: {
    type: "number",
    default: DEFAULT_OPTIONS.testFraction,
    min: 0,
    max: 0.99,
    help: "Part of the questions that goes to the test split.",
  },
  test_from: {
    type: "string",
    optional: true,
    help:
      "A day as in 2024-07-01: questions released from it on are the test split, instead of a part of them.",
  },
} as const;

/** What people wrote, under the names of {@link OPTION_KEYS}. */
export interface OptionValues {
  aggregate: PreferenceOptions["aggregate"];
  ties: PreferenceOptions["ties"];
  both_bad: PreferenceOptions["bothBad"];
  min_agreement: number;
  min_labels: number;
  max_characters: number;
  failing_both: PreferenceOptions["failingBoth"];
  include_synthetic: boolean;
  findings: PreferenceOptions["findings"];
  allow_words: readonly string[];
  seed: number;
  test_fraction: number;
  test_from: string | null;
}

/** The options that they mean; what is not said is undefined, for which the default holds. */
export const optionsOf = (values: Partial<OptionValues>): Partial<PreferenceOptions> => ({
  aggregate: values.aggregate,
  ties: values.ties,
  bothBad: values.both_bad,
  minAgreement: values.min_agreement,
  minLabels: values.min_labels,
  maxCharacters: values.max_characters,
  failingBoth: values.failing_both,
  includeSynthetic: values.include_synthetic,
  findings: values.findings,
  allowWords: values.allow_words,
  seed: values.seed,
  testFraction: values.test_fraction,
  testFrom: values.test_from,
});
