/**
 * `hh`: Anthropic's helpful and harmless dialogues (Anthropic/hh-rlhf), as the reference's `get_hh` reads them.
 *
 * @module
 */
import { type RowPreferences, type SourceRow, textIn } from "@/lib/datasets/source-row.ts";
import { InputError } from "@/lib/errors.ts";

const ANSWER = "\n\nAssistant:";

/** The prompt is everything up to the assistant's last turn; what is behind it is the response. */
export function readHh(row: SourceRow): RowPreferences {
  const chosen = textIn(row, "chosen"), rejected = textIn(row, "rejected");
  const at = chosen.lastIndexOf(ANSWER);
  if (at < 0) throw new InputError(`chosen holds no turn ${JSON.stringify(ANSWER)}.`);
  const end = at + ANSWER.length, response = chosen.slice(end);
  return {
    prompt: chosen.slice(0, end),
    // Code points, as Python counts them, in case the two begin differently.
    responses: [response, sliceCodePoints(rejected, chosen.slice(0, end))],
    pairs: [[0, 1]],
    sft_target: response,
  };
}

/** What follows so many code points as `beginning` has. */
function sliceCodePoints(text: string, beginning: string): string {
  if (text.startsWith(beginning)) return text.slice(beginning.length);
  return Array.from(text).slice(Array.from(beginning).length).join("");
}
