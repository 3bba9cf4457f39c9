/**
 * What a labeler says about a pair.
 *
 * @module
 */
import type { Decision } from "@/lib/labels/decision.ts";
import type { CriterionVerdict, SideVerdict } from "@/lib/labels/showing.ts";

/** The criteria, with the question that a verdict on each answers. */
export const CRITERIA = [
  { name: "correctness", title: "Correctness", asks: "Which does what the question says?" },
  { name: "performance", title: "Performance", asks: "Which takes less time and memory?" },
  { name: "readability", title: "Readability", asks: "Which is easier to understand?" },
] as const;
export type Criterion = typeof CRITERIA[number]["name"];

/** The answers on a criterion. */
export const CRITERION_CHOICES = [
  { verdict: "a", text: "Left" },
  { verdict: "b", text: "Right" },
  { verdict: "same", text: "Same" },
  { verdict: "cannot_judge", text: "Can’t judge" },
] as const satisfies readonly { verdict: NonNullable<CriterionVerdict>; text: string }[];

/** The overall answers. */
export const PREFERENCES = [
  { verdict: "a", text: "Left", rest: " is better" },
  { verdict: "b", text: "Right", rest: " is better" },
  { verdict: "same", text: "Tie", rest: "" },
  { verdict: "both_bad", text: "Both bad", rest: "" },
] as const satisfies readonly { verdict: SideVerdict; text: string; rest: string }[];

/** Why a pair may be skipped; any other reason can be written. */
export const SKIP_REASONS = [
  "The question is unclear",
  "I do not know enough about it",
  "The codes are too long",
  "The codes are practically the same",
  "Something is displayed wrongly",
];

/** What is said about a pair so far. */
export interface Draft {
  correctness: CriterionVerdict;
  performance: CriterionVerdict;
  readability: CriterionVerdict;
  note: string;
  /** What was looked at that a labeler need not see: `tests`, `models`. */
  revealed: string[];
}

export const EMPTY_DRAFT: Draft = {
  correctness: null,
  performance: null,
  readability: null,
  note: "",
  revealed: [],
};

/** What a decision that stands says, to be changed: by then the names of the models have been seen. */
export function draftOf(decision: Decision): Draft {
  const { correctness, performance, readability, note, revealed } = decision;
  const seen = withRevealed(revealed, "models");
  return { correctness, performance, readability, note: note ?? "", revealed: seen };
}

/** The list with one more thing that was looked at. */
export function withRevealed(revealed: string[], what: "tests" | "models"): string[] {
  return [...new Set([...revealed, what])];
}

/** The fields of a label that a draft gives. */
export function labelFields(draft: Draft) {
  return { ...draft, note: draft.note.trim() || null };
}

/** Whether the draft says something else than the decision. */
export function differs(draft: Draft, decision: Decision): boolean {
  const now = labelFields(draft);
  return (["correctness", "performance", "readability", "note"] as const)
    .some((name) => now[name] !== (decision[name] || null));
}
