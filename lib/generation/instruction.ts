/**
 * The instruction that asks a model for the two versions of a pair.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";
import { type Question, questionText } from "@/lib/questions/question.ts";

/** What the original project asked, with the fences that answers are read by. */
export const TWO_SOLUTIONS_INSTRUCTION =
  "Give two different solutions in python to the problem below. " +
  "Write each solution in its own fenced code block, starting with ```python and ending with ```.";

const KEY = "instruction";

/** The instruction in force: the edited one, or {@link TWO_SOLUTIONS_INSTRUCTION}. */
export async function readInstruction(store: Store): Promise<string> {
  const row = await store.row<{ value: string }>("SELECT value FROM settings WHERE key = $1", [
    KEY,
  ]);
  return row ? JSON.parse(row.value) : TWO_SOLUTIONS_INSTRUCTION;
}

/** Sets the instruction; null brings the original one back. */
export async function writeInstruction(store: Store, instruction: string | null): Promise<void> {
  if (instruction === null) {
    await store.run("DELETE FROM settings WHERE key = $1", [KEY]);
  } else {
    await store.run(
      "INSERT INTO settings VALUES ($1, $2::JSON) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [KEY, JSON.stringify(instruction)],
    );
  }
}

/** The message that asks for two solutions of a question. */
export function twoSolutionsPrompt(question: Question, instruction: string): string {
  return `${instruction}\n\n${questionText(question)}`;
}
