/**
 * The columns of a published dataset's configs, in their order.
 *
 * @module
 */

/** A column's type in Python's `datasets`, and what it holds. */
export interface Column {
  type: "string" | "int32";
  meaning: string;
}

/** Of the default config. */
export const COLUMNS = {
  prompt: { type: "string", meaning: "the question as it was put to a model" },
  chosen: { type: "string", meaning: "the preferred answer: Python code in a fenced block" },
  rejected: { type: "string", meaning: "the other answer" },
  completion: {
    type: "string",
    meaning: "`chosen` once more, by the name under which supervised fine-tuning looks for it",
  },
  question: { type: "string", meaning: "the question's name; a question is in one split only" },
  title: { type: "string", meaning: "the question's title" },
  difficulty: { type: "string", meaning: "easy, medium, hard or unknown" },
  source: { type: "string", meaning: "where the question comes from" },
  licence: { type: "string", meaning: "licence of the question's source" },
  pair: { type: "string", meaning: "the pair's id in the database it was labeled in" },
  pair_kind: {
    type: "string",
    meaning: "generated (two answers of a model) or synthetic (a reference solution and an answer)",
  },
  labeler_kind: {
    type: "string",
    meaning: "who decided: human, tests (unit tests), judge (a model) or synthetic (nobody did)",
  },
  labelers: { type: "int32", meaning: "labelers of that kind who decided on the pair" },
  agreeing: { type: "int32", meaning: "those of them who preferred `chosen`" },
  chosen_model: { type: "string", meaning: "model that wrote `chosen`" },
  rejected_model: { type: "string", meaning: "model that wrote `rejected`" },
} as const satisfies Record<string, Column>;

/** Of the config `original`: those of minfeng-ai/leetcode_preference. */
export const ORIGINAL_COLUMNS = {
  id: { type: "int32", meaning: "the question's number at its source" },
  difficulty: { type: "string", meaning: "easy, medium, hard or unknown" },
  title: { type: "string", meaning: "the question's title" },
  description: { type: "string", meaning: "the question, Markdown" },
  version1: { type: "string", meaning: "one solution: Python code" },
  version2: { type: "string", meaning: "the other solution" },
  preference: { type: "string", meaning: "version1, version2, same or both_bad" },
} as const satisfies Record<string, Column>;
