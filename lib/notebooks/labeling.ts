/**
 * Labels given in a notebook, by the rules of the web page: the order of sides and what is stored are the same.
 *
 * @module
 */
import { Labeling } from "@/lib/labels/labeling.ts";
import type { SideVerdict } from "@/lib/labels/showing.ts";
import { code } from "@/lib/notebooks/display.ts";
import { SharedFile } from "@/lib/store/shared-file.ts";

const VERDICTS: Record<string, SideVerdict> = { 1: "a", 2: "b", s: "same", b: "both_bad" };

/** What {@link labelHere} did. */
export interface Given {
  labeled: number;
  skipped: number;
  /** Nobody answered: a headless run. */
  nobody: boolean;
}

/** How {@link labelHere} shows a pair and gets the answer; null when nobody answers. */
export interface Asking {
  show: (text: string) => Promise<void>;
  ask: (question: string) => string | null;
}

const IN_NOTEBOOK: Asking = { show: (text) => Deno.jupyter.display(code(text)), ask: prompt };

/** Asks about pairs, one after the other, and stores the answers; stops after `count` or when nobody answers. */
export async function labelHere(
  db: string,
  labeler: string,
  count: number,
  { show, ask }: Asking = IN_NOTEBOOK,
): Promise<Given> {
  const given = { labeled: 0, skipped: 0, nobody: false };
  const file = new SharedFile(db);
  const labeling = await Labeling.open(file);
  while (given.labeled + given.skipped < count) {
    const item = await labeling.item(labeler);
    // While somebody thinks, others may have the file.
    await file.close();
    if (!item.pair || !item.a || !item.b || item.decision) break;
    await show(`# ${item.question!.title}\n\n# 1\n${item.a.code}\n\n# 2\n${item.b.code}`);
    const shown = performance.now();
    const answer = ask("Which is better? 1, 2, s (same), b (both bad); anything else skips.");
    if (answer === null) return { ...given, nobody: true };
    const preference = VERDICTS[answer.trim().toLowerCase()] ?? null;
    const milliseconds = performance.now() - shown;
    await labeling.save(labeler, {
      client_id: crypto.randomUUID(),
      pair: item.pair,
      showing: item.showing,
      action: preference ? "label" : "skip",
      preference,
      correctness: null,
      performance: null,
      readability: null,
      reason: null,
      note: null,
      active_ms: milliseconds,
      wall_ms: milliseconds,
      revealed: [],
    });
    if (preference) given.labeled++;
    else given.skipped++;
  }
  await file.close();
  return given;
}
