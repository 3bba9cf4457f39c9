/**
 * What labelers are asked to go by.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

const KEY = "guidelines";

/** The guidelines until somebody writes others. */
export const FIRST_GUIDELINES = `# How to compare two solutions

You see two solutions to one question. Say which one you would rather have in your project.

- **Correctness** comes first: read the question, its examples and constraints. You may run the tests.
- **Performance**: which one needs less time or memory for the largest input that the constraints allow?
- **Readability**: which one would a colleague understand sooner?
- Choose **same** when you see no difference that matters, and **cannot judge** when you do not know.
- Choose **both bad** when neither is acceptable.
- Longer is not better, and neither is the left one.
- Skip a pair when the question cannot be understood, and say why.
`;

/** The guidelines in force, Markdown. */
export async function readGuidelines(store: Store): Promise<string> {
  const row = await store.row<{ value: string }>("SELECT value FROM settings WHERE key = $1", [
    KEY,
  ]);
  return row ? JSON.parse(row.value) : FIRST_GUIDELINES;
}

/** Sets the guidelines; an empty text brings the first ones back. */
export async function writeGuidelines(store: Store, markdown: string): Promise<void> {
  if (markdown.trim() === "") {
    await store.run("DELETE FROM settings WHERE key = $1", [KEY]);
    return;
  }
  await store.run(
    "INSERT INTO settings VALUES ($1, $2::JSON) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [KEY, JSON.stringify(markdown)],
  );
}
