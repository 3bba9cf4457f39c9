/** The reference pages say what the code says. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { TRAIN_KEYS } from "@/lib/cli/train-keys.ts";
import { outdatedPages } from "@/lib/documentation/pages.ts";
import { describeTables } from "@/lib/documentation/tables-page.ts";
import { LOSS_NAMES } from "@/lib/losses/mod.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

const page = (name: string) =>
  Deno.readTextFile(join(PROJECT_ROOT, "docs", "reference", `${name}.md`));

Deno.test("the committed reference pages are up to date", async () => {
  assert.deepEqual([...(await outdatedPages()).keys()], [], "`deno task docs` writes them");
});

Deno.test("a page that somebody changed by hand, and one that is gone, are found", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (const name of ["settings", "tables", "losses"]) {
      const path = join(root, "docs/reference", `${name}.md`);
      await Deno.mkdir(dirname(path), { recursive: true });
      const text = await page(name);
      await Deno.writeTextFile(path, name === "losses" ? text.replace("beta", "alpha") : text);
    }
    const outdated = [...(await outdatedPages(root)).keys()];
    assert.deepEqual(outdated, ["docs/reference/metrics.md", "docs/reference/losses.md"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the pages tell of every setting of training, every loss with its equation, every column", async () => {
  const [settings, losses, tables] = await Promise.all(["settings", "losses", "tables"].map(page));
  const train = settings.split("\n## ").find((section) => section.startsWith("train\n"))!;
  for (const key of Object.keys(TRAIN_KEYS)) assert.ok(train.includes(`| \`${key}\` `), key);
  const sections = losses.split("\n## ").slice(1);
  assert.deepEqual(sections.map((section) => section.split("\n")[0]), LOSS_NAMES);
  for (const section of sections) {
    assert.match(section, /```math\n.+\n```/s);
    assert.match(section, /https:\/\/arxiv\.org\/abs\/\d{4}\.\d{5}/);
  }
  const described = await describeTables();
  assert.ok(described.some(({ name, view }) => name === "leetcode_problems" && view));
  for (const { name, view, comment, columns } of described) {
    assert.ok(columns.length > 0 && comment || view, `${name}: no comment above its statement`);
    const section = tables.split("\n## ").find((text) => text.startsWith(`${name}\n`))!;
    for (const column of columns) {
      assert.ok(section.includes(`\`${column.name}\``), column.name);
      assert.ok(column.comment || view, `${name}.${column.name}: no comment behind it`);
    }
  }
});
