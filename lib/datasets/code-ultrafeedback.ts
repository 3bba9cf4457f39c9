/**
 * `code_ultrafeedback`: coseal/CodeUltraFeedback_binarized, answers to instructions about code, compared by a model.
 *
 * @module
 */
import {
  needColumns,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";

export function readCodeUltrafeedback(row: SourceRow): RowPreferences {
  needColumns(row, ["instruction", "chosen", "rejected"]);
  const chosen = textIn(row, "chosen"), rejected = textIn(row, "rejected");
  const prompt = textIn(row, "instruction");
  return { prompt, responses: [chosen, rejected], pairs: [[0, 1]], sft_target: chosen };
}
