/**
 * minfeng-ai/leetcode_preference: two solutions to a LeetCode question by CodeLlama, and which of them a person
 * preferred. `lc` reads it where nothing was published here.
 *
 * @module
 */
import {
  type LeftOut,
  needColumns,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";
import { readAnyFormat } from "@/lib/datasets/any-format.ts";
import { InputError } from "@/lib/errors.ts";

const COLUMNS = ["id", "title", "description", "difficulty", "version1", "version2", "preference"];

/** Names of the two solutions in the column `preference`, and those of no decision. */
const UNDECIDED = ["same", "both_bad", ""];

/**
 * Columns are mapped by name: `description` is the prompt.
 * @throws InputError when columns differ, or `preference` holds a word that is not known
 */
export function readLeetcodePreference(row: SourceRow): RowPreferences | LeftOut {
  if ("chosen" in row) return readAnyFormat(row);
  needColumns(row, COLUMNS);
  const preference = row.preference === null ? "" : textIn(row, "preference").trim();
  if (UNDECIDED.includes(preference.toLowerCase())) return { leftOut: "no preference" };
  const preferred = /^version ?([12])$/i.exec(preference)?.[1];
  if (preferred === undefined) {
    throw new InputError(
      `preference has to be version1, version2, same or both_bad, found ${
        JSON.stringify(preference)
      }.`,
    );
  }
  const responses = [textIn(row, "version1"), textIn(row, "version2")];
  const pair: [number, number] = preferred === "1" ? [0, 1] : [1, 0];
  const prompt = textIn(row, "description");
  return { prompt, responses, pairs: [pair], sft_target: responses[pair[0]] };
}
