/**
 * `shp`: Stanford Human Preferences (stanfordnlp/SHP), as the reference's `get_shp` reads them.
 *
 * @module
 */
import {
  type LeftOut,
  numberIn,
  type RowPreferences,
  type SourceRow,
  textIn,
} from "@/lib/datasets/source-row.ts";

const SMALLEST_RATIO = 2;

/** Two comments on one post, of which one has at least twice the other's score. */
export function readShp(row: SourceRow): RowPreferences | LeftOut {
  const prompt = `\n\nHuman: ${textIn(row, "history")}\n\nAssistant:`;
  const responses = [` ${textIn(row, "human_ref_A")}`, ` ${textIn(row, "human_ref_B")}`];
  const scores = [numberIn(row, "score_A"), numberIn(row, "score_B")];
  const label = numberIn(row, "labels");
  if (scores.includes(0)) return { leftOut: "score of 0" };
  if (Math.max(scores[0] / scores[1], scores[1] / scores[0]) < SMALLEST_RATIO) {
    return { leftOut: `score ratio below ${SMALLEST_RATIO}` };
  }
  return { prompt, responses, pairs: [label === 1 ? [0, 1] : [1, 0]], scores };
}
