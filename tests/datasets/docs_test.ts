/** What docs/datasets.md says is so. */
import assert from "node:assert/strict";
import { DATASETS } from "@/lib/datasets/registry.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

const page = (name: string) => Deno.readTextFile(`${PROJECT_ROOT}/docs/${name}`);

Deno.test("the table of names is the registry", async () => {
  const cells = (await page("datasets.md")).split("\n## ")[1].split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
  assert.deepEqual(
    cells.map(([name, hub, , cut]) => [name, hub, cut]),
    Object.entries(DATASETS).map(([name, { hub, truncationMode }]) => [
      name,
      hub,
      truncationMode === "keep_end" ? "the start" : "the end",
    ]),
  );
});
