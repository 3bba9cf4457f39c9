/** The page of datasets in a browser. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withStore } from "@/lib/store/store.ts";
import { addPair, label, labeledDatabase, question } from "@/tests/datasets/database.ts";
import { TOKEN as HUB_TOKEN } from "@/tests/hub/hub-server.ts";
import { withHub } from "@/tests/hub/with-hub.ts";
import { serve, SERVING } from "@/tests/web/client.ts";
import { closeBrowser, seriousFaults, visit } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const HOSTILE = '<img src=x onerror="window.pwned = 1"><script>window.pwned = 2</script>';

Deno.test({
  name:
    "labels are looked at, published to the hub and listed, on a narrow screen and a wide one, by keyboard too",
  ...SERVING,
  fn: withHub(async ({ server, folder }) => {
    const db = join(folder, "test.duckdb"), datasets = join(folder, "datasets");
    await labeledDatabase(db, 20);
    await withStore(db, async (store) => {
      await store.insert("questions", [question("hostile", { description: HOSTILE })]);
      await addPair(store, "hostile", "hostile", [HOSTILE, "x = 1"]);
      await addPair(store, "tie", "hostile");
      await store.insert("labels", [
        label("hostile", "ada", "version1"),
        label("tie", "ada", "same"),
      ]);
      await store.run(
        `UPDATE generations SET model = 'codellama ${HOSTILE.replaceAll("'", "''")}'`,
      );
    });
    const serving = await serve(db, 0, undefined, [], { datasets });
    try {
      for (const [width, colorScheme] of [[390, "dark"], [1440, "light"]] as const) {
        const viewport = { width, height: 900 }, narrow = width === 390;
        await using visitor = await visit(serving.link, { viewport, colorScheme });
        const { page, errors } = visitor;
        const fits = async (what: string) => {
          assert.deepEqual(await seriousFaults(page), [], what);
          const widest = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(widest <= width, `${what} at ${width}: ${widest}px`);
        };
        await page.goto(`${serving.origin}/datasets`);
        if (narrow) await page.getByText("Nothing has been published").waitFor();
        const publish = page.getByRole("button", { name: "Publish" });
        await page.locator("button:not([disabled])").getByText("Preview").waitFor();
        assert.ok(await publish.isDisabled(), "not before the preview");
        await fits("the form");

        await page.getByLabel("Repository of the Hugging Face hub").fill("team/lc");
        await page.getByLabel("Everybody may see").check();
        await page.getByText("What is taken, and how it is split").click();
        await page.getByLabel("min_labels").fill("5");
        await fits("the settings");
        await page.keyboard.press("Enter");
        await page.getByRole("alert").getByText(/too few labelers: have more people/).waitFor();
        await page.getByLabel("min_labels").fill("1");
        await page.getByLabel("test_fraction").fill("0.3");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByRole("heading", { name: "Code preferences" }).waitFor();
        await page.getByRole("row", { name: /same 1 .*ties=tests/ }).waitFor();
        const card = page.getByRole("region", { name: "Card" });
        await card.getByRole("cell", { name: `codellama ${HOSTILE}` }).waitFor();
        await page.getByText("The first rows").click();
        await fits("the preview");
        assert.equal(await page.evaluate(() => "pwned" in globalThis), false);

        await page.getByLabel("seed").fill("1");
        assert.ok(await publish.isDisabled(), "another setting is another dataset");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByRole("heading", { name: "Code preferences" }).waitFor();
        if (narrow) {
          await publish.click();
          await page.getByRole("alert").getByText(/accept=\[codellama/).waitFor();
          assert.equal(existsSync(datasets), false);
        }
        await page.getByRole("checkbox", { name: /codellama.* limits the use/ }).check();
        await publish.focus();
        await page.keyboard.press("Enter");
        const told = narrow ? /^Pushed to http.*for everybody\)$/ : /^Nothing new for http/;
        await page.getByRole("status").getByText(told).waitFor();
        const revisions = page.getByRole("group", { name: "Published revisions" });
        await revisions.getByRole("link", { name: /team\/lc at [0-9a-f]{7}/ }).waitFor();
        assert.equal(await revisions.locator("tbody tr").count(), 1);
        await revisions.getByText("seed=1 test_fraction=0.3").waitFor();
        await fits("what was published");
        assert.deepEqual(errors, []);
      }
      assert.equal(server.repos.get("datasets/team/lc")!.commits.length, 2);
    } finally {
      await serving.stop();
    }
  }, { HF_TOKEN: HUB_TOKEN }),
});

Deno.test({
  name: "an upload that hangs shows how far it is, and is cancelled",
  ...SERVING,
  fn: withHub(async ({ server, folder }) => {
    const db = join(folder, "test.duckdb");
    await labeledDatabase(db, 20);
    const never = Promise.withResolvers<Response>();
    server.fault(/^PUT/, () => () => never.promise, 99);
    const serving = await serve(db, 0, undefined, [], { datasets: join(folder, "datasets") });
    try {
      await using visitor = await visit(serving.link);
      const { page, errors } = visitor;
      await page.goto(`${serving.origin}/datasets`);
      await page.getByLabel("Repository of the Hugging Face hub").fill("team/lc");
      await page.locator("button:not([disabled])").getByText("Preview").click();
      await page.getByRole("heading", { name: "Code preferences" }).waitFor();
      await page.getByRole("button", { name: "Publish" }).click();
      await page.getByRole("status").getByText("sending (MB)").waitFor();
      await page.getByRole("progressbar", { name: "Progress" }).waitFor();
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.locator("button:not([disabled])").getByText("Publish").waitFor();
      assert.equal(server.repos.get("datasets/team/lc")!.commits.length, 1);
      assert.deepEqual(errors, []);
    } finally {
      never.resolve(new Response());
      await serving.stop();
    }
  }, { HF_TOKEN: HUB_TOKEN }),
});
