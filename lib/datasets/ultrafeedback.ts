/**
 * `ultrafeedback`: HuggingFaceH4/ultrafeedback_binarized, the best of four answers and another one, scored by a model.
 *
 * @module
 */
import { readAnyFormat } from "@/lib/datasets/any-format.ts";
import type { LeftOut, RowPreferences, SourceRow } from "@/lib/datasets/source-row.ts";

/** `chosen` and `rejected` are conversations that begin with the prompt. Pairs of equal scores say nothing. */
export function readUltrafeedback(row: SourceRow): RowPreferences | LeftOut {
  const { prompt, chosen, rejected, score_chosen, score_rejected } = row;
  if (score_chosen !== undefined && score_chosen === score_rejected) {
    return { leftOut: "equal scores" };
  }
  return readAnyFormat({ prompt, chosen, rejected });
}
