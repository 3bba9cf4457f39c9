/**
 * `orca_dpo`: Intel/orca_dpo_pairs, answers of a large model preferred to those of a small one.
 *
 * @module
 */
import {
  needColumns,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";

/** A system message, where there is one, makes the prompt a conversation. */
export function readOrcaDpo(row: SourceRow): RowPreferences {
  needColumns(row, ["system", "question", "chosen", "rejected"]);
  const chosen = textIn(row, "chosen"), rejected = textIn(row, "rejected");
  const system = row.system === null ? "" : textIn(row, "system");
  const question = textIn(row, "question");
  const compared = { responses: [chosen, rejected], pairs: [[0, 1]] as [number, number][] };
  if (system === "") return { prompt: question, ...compared, sft_target: chosen };
  const messages = [{ role: "system", content: system }, { role: "user", content: question }];
  const prompt = `system: ${system}\n\nuser: ${question}`;
  return { prompt, messages, ...compared, sft_target: chosen };
}
