/** The pages of training runs in a browser. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SERVING, startApp } from "@/tests/web/client.ts";
import {
  appendLines,
  finishRun,
  lockRun,
  metricsLine,
  withRuns,
  writeRun,
} from "@/tests/web/run-folders.ts";
import { closeBrowser, visit } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const add = (folder: string, line: object) =>
  appendLines(folder, "metrics.jsonl", JSON.stringify(line) + "\n");

Deno.test({
  name: "a page follows its run to the end without being loaded again",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const folder = await writeRun(localDirs[0], "dpo_2026-01-04", []);
      const lock = lockRun(folder);
      await using app = await startApp({ localDirs });
      await using visitor = await visit(app.link);
      const { page, errors } = visitor;
      await page.goto(`${app.origin}/runs`);
      const row = page.getByRole("row", { name: /dpo_2026-01-04/ });
      await row.getByText("waiting").waitFor();
      await add(folder, metricsLine(8, 0.6));
      await row.getByText("running").waitFor();
      await row.getByText("8 of 32").waitFor();

      await row.getByRole("link").click();
      await page.getByRole("heading", { level: 1, name: "dpo_2026-01-04" }).waitFor();
      await page.evaluate(() => (globalThis as { stays?: boolean }).stays = true);
      await page.getByRole("img", { name: "Loss" }).waitFor();
      await page.getByText("All settings").click();
      await add(folder, metricsLine(16, 0.4));
      await page.getByText("16 of 32").waitFor();
      const progress = page.getByRole("progressbar", { name: "Examples trained on" });
      assert.equal(await progress.getAttribute("value"), "16");
      // What was unfolded stays so.
      assert.ok(await page.getByText("loss.beta").isVisible());
      await Deno.writeTextFile(join(folder, "report.html"), "<style>p {}</style><p>Report");
      await add(folder, metricsLine(32, 0.3));
      await finishRun(folder, 32);
      lock[Symbol.dispose]();
      await page.getByRole("status").getByText("The run is at its end.").waitFor();
      assert.equal(await page.evaluate(() => (globalThis as { stays?: boolean }).stays), true);
      assert.deepEqual(errors, []);
      await page.getByRole("link", { name: "The report" }).click();
      await page.getByText("Report").waitFor();
    });
  },
});

Deno.test({
  name: "a server that has gone is said to be gone, and followed again when it is back",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const folder = await writeRun(localDirs[0], "dpo_2026-01-04", [metricsLine(8, 0.6)]);
      using _lock = lockRun(folder);
      await using app = await startApp({ localDirs });
      await using visitor = await visit(app.link);
      const { page } = visitor;
      await page.goto(`${app.origin}/runs/0/dpo_2026-01-04`);
      await page.route("**/api/runs/**", (route) => route.abort());
      await page.getByRole("alert").getByText("The server does not answer").waitFor();
      await page.unroute("**/api/runs/**");
      await add(folder, metricsLine(16, 0.4));
      await page.getByText("16 of 32").waitFor();
      await page.waitForFunction(() => !document.querySelector('[role="alert"]')!.textContent);
    });
  },
});

Deno.test({
  name: "the pages fit narrow and wide screens, light and dark, also without JavaScript",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const name = `dpo-with-a-name-that-${"goes-on-and-on-".repeat(6)}_2026-01-04`;
      const folder = await writeRun(localDirs[0], name, [
        metricsLine(8, 0.6),
        metricsLine(16, 0.4),
      ]);
      const sample = { examples: 16, prompt: "x".repeat(500), policy: "y\n".repeat(80) };
      await appendLines(
        folder,
        "samples.jsonl",
        JSON.stringify({ ...sample, reference: "<script>globalThis.pwned = 1</script>" }) + "\n",
      );
      await using app = await startApp({ localDirs });
      for (const javaScriptEnabled of [true, false]) {
        for (const [width, colorScheme] of [[390, "dark"], [1440, "light"]] as const) {
          const viewport = { width, height: 844 };
          await using visitor = await visit(app.link, { viewport, colorScheme, javaScriptEnabled });
          const { page, errors } = visitor;
          for (const path of ["/runs", `/runs/0/${name}`]) {
            await page.goto(app.origin + path);
            await page.getByText("16 of 32").waitFor();
            const widest = await page.locator("main").evaluate((main) => main.scrollWidth);
            assert.ok(widest <= width, `${path} at ${width}: ${widest}px`);
          }
          assert.equal(await page.getByRole("img").count(), 3);
          await page.getByText("<script>").waitFor();
          assert.deepEqual(errors, []);
        }
      }
    });
  },
});
