/**
 * The reference pages: written from the code, and compared with it by the check.
 *
 * @module
 */
import { join } from "node:path";
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import { lossesPage } from "@/lib/documentation/losses-page.ts";
import { metricsPage } from "@/lib/documentation/metrics-page.ts";
import { settingsPage } from "@/lib/documentation/settings-page.ts";
import { tablesPage } from "@/lib/documentation/tables-page.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** Path of a page → what makes its text. */
const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/settings.md": settingsPage,
  "docs/reference/tables.md": tablesPage,
  "docs/reference/metrics.md": metricsPage,
  "docs/reference/losses.md": lossesPage,
};

/** The pages that are not what the code says now: path → what it says. */
export async function outdatedPages(root = PROJECT_ROOT): Promise<Map<string, string>> {
  const outdated = new Map<string, string>();
  for (const [path, make] of Object.entries(PAGES)) {
    const text = await formattedMarkdown(await make());
    const there = await Deno.readTextFile(join(root, path)).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (there !== text) outdated.set(path, text);
  }
  return outdated;
}

/** Writes the pages that are not what the code says. @returns their paths */
export async function writePages(): Promise<string[]> {
  const outdated = await outdatedPages();
  for (const [path, text] of outdated) await writeFileWhole(join(PROJECT_ROOT, path), text);
  return [...outdated.keys()];
}
