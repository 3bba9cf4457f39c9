/**
 * Rows of `prompt, chosen, rejected` to the reference's shape.
 *
 * @module
 */
import type { PreferenceData } from "@/lib/datasets/types.ts";
import { InputError } from "@/lib/errors.ts";

/** One preference. `labelerKind` where the source says who preferred. */
export interface PreferenceRow {
  prompt: string;
  chosen: string;
  rejected: string;
  labelerKind?: string;
}

export const REQUIRED_COLUMNS = ["prompt", "chosen", "rejected"] as const;

/** @throws InputError naming the expected and the found columns when one is missing */
export function checkColumns(found: readonly string[], place: string): void {
  const missing = REQUIRED_COLUMNS.filter((name) => !found.includes(name));
  if (missing.length === 0) return;
  throw new InputError(
    `${place} lacks ${missing.join(", ")}: expected columns ${REQUIRED_COLUMNS.join(", ")}, found ${
      found.join(", ") || "none"
    }.`,
  );
}

/**
 * One object from a file as a {@link PreferenceRow}.
 * @throws InputError naming `place` when a column is missing or holds anything but text
 */
export function preferenceRow(value: Record<string, unknown>, place: string): PreferenceRow {
  checkColumns(Object.keys(value), place);
  const { prompt, chosen, rejected, labeler_kind } = value;
  for (const [name, text] of Object.entries({ prompt, chosen, rejected })) {
    if (typeof text !== "string") {
      const kind = text === null ? "null" : Array.isArray(text) ? "a list" : `a ${typeof text}`;
      throw new InputError(`${place}: ${name} has to be text, found ${kind}.`);
    }
  }
  return {
    prompt: prompt as string,
    chosen: chosen as string,
    rejected: rejected as string,
    labelerKind: typeof labeler_kind === "string" ? labeler_kind : undefined,
  };
}

/** Groups rows by prompt, in order; as in the reference's `get_hh`, SFT learns the last chosen text. */
export function groupByPrompt(rows: Iterable<PreferenceRow>): PreferenceData {
  const data: PreferenceData = new Map();
  for (const { prompt, chosen, rejected } of rows) {
    let entry = data.get(prompt);
    if (!entry) data.set(prompt, entry = { responses: [], pairs: [], sft_target: chosen });
    const first = entry.responses.length;
    entry.responses.push(chosen, rejected);
    entry.pairs.push([first, first + 1]);
    entry.sft_target = chosen;
  }
  return data;
}
