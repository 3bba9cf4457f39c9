/**
 * One row of a dataset, and what it says about one prompt.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { ChatMessage } from "@/lib/models/tokenizer.ts";

/** A row as it is in the file: column → value. */
export type SourceRow = Record<string, unknown>;

/**
 * What one row says about one prompt. What several rows say about the same prompt is put together
 * (`merge-rows.ts`): responses one after the other, pairs with them.
 */
export interface RowPreferences {
  prompt: string;
  /** The prompt as a conversation, where it is more than one message of a user. */
  messages?: ChatMessage[];
  responses: string[];
  /** Indices into `responses`: `[preferred, dispreferred]`. */
  pairs: [number, number][];
  /** What SFT learns; of several rows the last one's. */
  sft_target?: string;
  /** One for each response, instead of `sft_target`: SFT learns the best. */
  scores?: number[];
  /** Whether each response is desirable, instead of pairs: each desirable one is preferred to each other one. */
  desirable?: boolean[];
  /** Who preferred, where the dataset says so. */
  labelerKind?: string;
}

/** Why a row is not taken; rows are counted by reason. */
export interface LeftOut {
  leftOut: string;
}

/**
 * A dataset's reading of its rows.
 * @throws InputError for a row that is not as the dataset's rows are
 */
export type ReadRow = (row: SourceRow) => RowPreferences | LeftOut;

/** @throws InputError naming the expected and the found columns when one is missing */
export function needColumns(row: SourceRow, expected: readonly string[]): void {
  const found = Object.keys(row), missing = expected.filter((name) => !found.includes(name));
  if (missing.length === 0) return;
  throw new InputError(
    `lacks ${missing.join(", ")}: expected columns ${expected.join(", ")}, found ${
      found.join(", ") || "none"
    }.`,
  );
}

/** @throws InputError when a column is missing or holds anything but text */
export function textIn(row: SourceRow, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new InputError(`${column} has to be text, found ${kindOf(value)}.`);
}

/** @throws InputError when a column is missing or holds anything but a number */
export function numberIn(row: SourceRow, column: string): number {
  const value = row[column];
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new InputError(`${column} has to be a number, found ${kindOf(value)}.`);
}

/** The error of a row, with where the row is. */
export const placed = (error: InputError, place: string): InputError =>
  new InputError(`${place}: ${error.message}`);

/** A value's kind in words. */
export const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? "nothing"
    : Array.isArray(value)
    ? "a list"
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`;
