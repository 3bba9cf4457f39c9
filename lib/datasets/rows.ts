/**
 * Rows of `prompt, chosen, rejected`, where nothing else is taken.
 *
 * @module
 */
import { needColumns, placed, textIn } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";

/** One preference. */
export interface PreferenceRow {
  prompt: string;
  chosen: string;
  rejected: string;
}

/**
 * One object from a file as a {@link PreferenceRow}.
 * @throws InputError naming `place` when a column is missing or holds anything but text
 */
export function preferenceRow(value: Record<string, unknown>, place: string): PreferenceRow {
  try {
    needColumns(value, ["prompt", "chosen", "rejected"]);
    return {
      prompt: textIn(value, "prompt"),
      chosen: textIn(value, "chosen"),
      rejected: textIn(value, "rejected"),
    };
  } catch (error) {
    throw error instanceof InputError ? placed(error, place) : error;
  }
}
