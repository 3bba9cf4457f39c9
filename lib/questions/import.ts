/**
 * The sources of questions by name.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import type { Store } from "@/lib/store/store.ts";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { importLeetcode } from "@/lib/questions/leetcode.ts";
import type { ImportReport } from "@/lib/questions/upsert.ts";

type Importer = (store: Store, onProgress?: OnProgress) => Promise<ImportReport>;

/** Source name -> importer. */
export const SOURCES: Readonly<Record<string, Importer>> = {
  leetcode: importLeetcode,
  humaneval: importHumaneval,
};

/**
 * Imports from several sources, each in a transaction of its own.
 * @throws InputError for a source that is not known
 */
export async function importQuestions(
  store: Store,
  sources: readonly string[],
  onProgress?: OnProgress,
): Promise<ImportReport[]> {
  const reports: ImportReport[] = [];
  for (const source of sources) {
    if (!Object.hasOwn(SOURCES, source)) {
      throw new InputError(
        `There is no source ${source}; known ones: ${Object.keys(SOURCES).join(", ")}.`,
      );
    }
    reports.push(await SOURCES[source](store, onProgress));
  }
  return reports;
}

/** A report in one line, with the reasons why questions cannot be judged. */
export function importedLine(report: ImportReport): string {
  const { source, inserted, updated, unchanged, unrunnable } = report;
  const line = `${source}: ${inserted} new, ${updated} updated, ${unchanged} unchanged questions`;
  if (unrunnable.length === 0) return `${line}; all can be judged.`;
  const reasons = Map.groupBy(unrunnable, ({ reason }) => reason);
  const texts = [...reasons].map(([reason, items]) =>
    `${items.length} because ${reason} (${items[0].slug}${items.length > 1 ? ", …" : ""})`
  );
  return `${line}; ${unrunnable.length} cannot be judged: ${texts.join("; ")}.`;
}
