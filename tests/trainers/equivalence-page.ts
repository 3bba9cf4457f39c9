/**
 * Writes docs/equivalence.md from what is measured: `deno run -A tests/trainers/equivalence-page.ts`.
 *
 * @module
 */
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import { markdownTable } from "@/lib/markdown.ts";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { writeFileWhole } from "@/lib/write-file.ts";
import { type Compared, difference, LIMITS } from "./equivalence.ts";
import { bothRuns, MATRIX, UPDATES } from "./ways.ts";

export const PAGE = fromFileUrl(new URL("../../docs/equivalence.md", import.meta.url));
/** Columns of the table behind the name. */
export const COLUMNS: readonly Compared[] = ["gradient", "change", "loss"];

async function writePage(): Promise<void> {
  const rows: string[][] = [];
  for (const line of MATRIX) {
    const [found, wanted] = await bothRuns(line);
    rows.push([
      line.name,
      ...COLUMNS.map((what) => difference(what, found, wanted).relative.toExponential(1)),
    ]);
    console.error(rows.at(-1)!.join("  "));
  }
  const page = [
    "# What is equivalent",
    "A batch may lie in memory in three ways, be computed in parts, with the reference's log-probabilities known " +
    "beforehand, with activations computed again, on several devices and in several processes, of a whole model or of LoRA's adapters: the numbers are the " +
    `same, to rounding. Compared are ${UPDATES} updates with AdamW in fp32, with a learning rate of 1e-4 from the ` +
    "first one and without clipping, of a random Llama of two layers, in which the loss moves by 0.1 at " +
    "least; what a bug would change, it would change visibly. `tests/trainers/equivalence_test.ts` compares them, " +
    "checks this table, and plants bugs that must not pass: a dropped mask, a rejected response that sees the chosen " +
    "one, a token that is hidden, gradients of parts that are not divided, a process whose gradient is left out, sums " +
    "over processes that are left out, dropout that is the same for different inputs. " +
    "This page is written by:",
    "```sh test by=tests/trainers/equivalence_test.ts\ndeno run -A tests/trainers/equivalence-page.ts\n```",
    "The figures are the largest relative differences: of a tensor's first gradient (‖Δg‖/‖g‖), of what all updates " +
    "changed about a tensor, of a pair's loss in an update.",
    markdownTable({
      head: ["", "gradient", "change", "loss"],
      rows: [["**limit**", ...COLUMNS.map((what) => LIMITS[what].toExponential(1))], ...rows],
    }),
  ].join("\n\n") + "\n";
  await writeFileWhole(PAGE, await formattedMarkdown(page));
}

if (import.meta.main) {
  await writePage();
  Deno.exit(0);
}
