/**
 * What was published, told to a person.
 *
 * @module
 */
import type { Published } from "@/lib/publish/publish-folder.ts";

/** A few lines: what went where, who preferred, and what was left out. */
export function publishedLines(published: Published): string[] {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(", ");
  const { path, train, test, labelerKinds, dropped, changed, digest } = published;
  const lines = [
    `${
      changed ? "Published" : "Nothing new to publish:"
    } ${train} training and ${test} test pairs ` +
    `in ${path} (revision ${digest.slice(0, 12)})`,
    `preferred by: ${list(labelerKinds)}`,
  ];
  if (Object.keys(dropped).length > 0) lines.push(`left out: ${list(dropped)}`);
  if (labelerKinds.synthetic) {
    lines.push("Synthetic labels are in: a demonstration, not evidence.");
  }
  return lines;
}
