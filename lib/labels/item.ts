/**
 * What a labeler is shown: a question and, where there is one, a pair in its side order.
 *
 * @module
 */
import type { PairCodes, ShownQuestion } from "@/lib/labels/contents.ts";
import type { Decision } from "@/lib/labels/decision.ts";
import type { LabelingProgress } from "@/lib/labels/order.ts";
import { opaqueId, sideOrder } from "@/lib/labels/showing.ts";

export type { ShownQuestion } from "@/lib/labels/contents.ts";

/** The code on one side. */
export interface Side {
  id: string;
  code: string;
}

/** One thing to label. Without a pair, the question waits for one to be generated. */
export interface LabelingItem {
  pair: string | null;
  showing: number;
  /** null: the database has no questions. */
  question: ShownQuestion | null;
  a: Side | null;
  b: Side | null;
  /** Whether the pair was made for this labeler and is not saved. */
  draft: boolean;
  /** What this labeler has already decided about this showing. */
  decision: Decision | null;
  progress: LabelingProgress;
}

/** What to show: a pair by its id, a question by slug or number, or, with neither, what comes next. */
export interface Wanted {
  pair?: string;
  /** Which showing of the pair; otherwise the one in hand, or the first. */
  showing?: number;
  question?: string;
  /** Pairs that do not come next: those that the labeler has in hand. */
  except?: string[];
}

/** The two answers as one showing of the pair has them. */
export function sidesOf(
  secret: string,
  labeler: string,
  pair: string,
  showing: number,
  { id1, code1, id2, code2 }: PairCodes,
): { a: Side; b: Side } {
  const one = { id: opaqueId(secret, id1), code: code1 };
  const two = { id: opaqueId(secret, id2), code: code2 };
  return sideOrder(secret, labeler, pair, showing) === "12"
    ? { a: one, b: two }
    : { a: two, b: one };
}
