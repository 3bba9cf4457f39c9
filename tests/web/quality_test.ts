/** The quality page, over HTTP and in a browser. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { withStore } from "@/lib/store/store.ts";
import { addPairs, careful, labelAs } from "@/tests/labels/simulated.ts";
import { SERVING, signIn, startApp, type TestApp } from "@/tests/web/client.ts";
import { closeBrowser, seriousFaults, startLabeling, visit } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const HOSTILE = '<img src=x onerror="window.pwned = 1">\u202e';

/** An app with two simulated labelers, a hostile question title and a hostile model. */
async function labeledApp(): Promise<TestApp> {
  const app = await startApp();
  await withStore(app.db, async (store) => {
    await addPairs(store, 40);
    await labelAs(store, "Ada", careful, { count: 40, seed: 1 });
    await labelAs(store, "Lee", () => "a", { count: 40, seed: 2 });
    await store.run("UPDATE questions SET title = $1 WHERE slug = 'simulated'", [HOSTILE]);
    await store.run("UPDATE generations SET model = $1 WHERE model = 'weak'", [HOSTILE]);
  });
  return app;
}

Deno.test({
  name:
    "the statistics are there as JSON, each figure as SVG and CSV, and new labels count at once",
  ...SERVING,
  async fn() {
    await using app = await labeledApp();
    const cy = await signIn(app.origin, "Cy");
    const quality = await (await cy.get("/api/quality")).json();
    assert.deepEqual(quality.totals, { labels: 80, pairs: 40, shared: 40 });
    assert.equal(quality.figures.length, 10);
    for (const { name } of quality.figures) {
      const svg = await cy.get(`/api/quality/${name}?format=svg`);
      assert.equal(svg.headers.get("Content-Type"), "image/svg+xml");
      assert.match(svg.headers.get("Content-Disposition")!, /^attachment; filename="[\w-]+\.svg"$/);
      const { document } = parseHTML(await svg.text());
      assert.equal(document.querySelectorAll("svg").length, 1, name);
      assert.equal(document.querySelectorAll("img, script, foreignObject").length, 0, name);
      const csv = await cy.get(`/api/quality/${name}?format=csv`);
      assert.match(csv.headers.get("Content-Type")!, /^text\/csv/);
      assert.match(
        await csv.text(),
        name === "gold" || name === "self-consistency" ? /^$/ : /^\w+,/,
      );
    }
    const models = await (await cy.get("/api/quality/models?format=csv")).text();
    assert.match(models, /^name,value,low,high,labels\r\n/);
    assert.match(models, /\nstrong,0\.\d+,/);
    for (const [path, status] of [["models?format=exe", 400], ["none?format=svg", 404]] as const) {
      const response = await cy.get(`/api/quality/${path}`);
      assert.equal(response.status, status);
      assert.equal(typeof (await response.json()).error, "string");
    }
    const item = await cy.next("?question=is-palindrome");
    assert.equal((await cy.label(item, { preference: "a" })).status, 200);
    const after = await (await cy.get("/api/quality")).json();
    assert.equal(after.totals.labels, 81);
    assert.equal((await fetch(`${app.origin}/api/quality`)).status, 401);
  },
});

Deno.test({
  name: "the quality page names who is biased and what to settle, on any screen, and is inert",
  ...SERVING,
  async fn() {
    await using app = await labeledApp();
    for (const [width, colorScheme] of [[390, "dark"], [1440, "light"]] as const) {
      await using visitor = await visit(app.link, {
        viewport: { width, height: 900 },
        colorScheme,
      });
      const { page, errors } = visitor;
      await startLabeling(page, "Cy");
      await page.goto(`${app.origin}/quality`);
      await page.getByRole("heading", { level: 1, name: "Quality of labels" }).waitFor();
      await page.getByText("80 labels of 2 people on 40 pairs, of which 40").waitFor();
      const lee = page.getByRole("group", { name: "Labelers" }).getByRole("row", { name: /^Lee/ });
      await lee.getByText("biased to the left").waitFor();
      assert.equal(await page.getByRole("img").count(), 10);
      const widest = await page.locator("main").evaluate((main) => main.scrollWidth);
      assert.ok(widest <= width, `at ${width}: ${widest}px`);
      assert.deepEqual(await seriousFaults(page), []);
      await page.getByText(`${HOSTILE.slice(0, -1)}⟨U+202E⟩`).first().waitFor();
      assert.equal(await page.evaluate(() => "pwned" in globalThis), false);
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: "Left-side bias as SVG" }).click();
      assert.equal((await download).suggestedFilename(), "codepref-left-side-bias.svg");
      const settle = page.getByRole("group", { name: "Disagreements" }).getByRole("link").first();
      await settle.click();
      await page.getByRole("heading", { name: /onerror/ }).waitFor();
      assert.deepEqual(errors, []);
    }
  },
});

Deno.test({
  name: "an admin sees who said what of a pair, settles it, changes the answer and takes it back",
  ...SERVING,
  async fn() {
    await using app = await labeledApp();
    await using visitor = await visit(app.link, { viewport: { width: 390, height: 900 } });
    const { page, errors } = visitor;
    await startLabeling(page, "Cy");
    await page.goto(`${app.origin}/quality`);
    const gold = async () => {
      const client = await signIn(app.origin, "Di");
      return (await (await client.get("/api/quality")).json()).disagreements.total;
    };
    const total = await gold();
    const settle = page.getByRole("link", { name: /^Settle / }).first();
    const pair = (await settle.getAttribute("aria-label"))!.replace("Settle ", "");
    await settle.click();
    await page.getByRole("heading", { level: 1, name: /^Settle: / }).waitFor();
    const opinions = page.getByRole("group", { name: "Opinions" });
    assert.equal(await opinions.getByRole("row").count(), 3);
    assert.deepEqual(await seriousFaults(page), []);
    const widest = await page.locator("main").evaluate((main) => main.scrollWidth);
    assert.ok(widest <= 390, `${widest}px`);
    await page.getByRole("radio", { name: "Both are bad" }).check();
    await page.getByLabel(/^Why/).fill("neither ends");
    await page.getByRole("button", { name: "Settle" }).click();
    await page.waitForURL(`${app.origin}/quality`);
    assert.equal(await gold(), total - 1);

    await page.goto(`${app.origin}/quality/settle?pair=${pair}`);
    assert.equal(await page.getByRole("radio", { name: "Both are bad" }).isChecked(), true);
    assert.equal(await page.getByLabel(/^Why/).inputValue(), "neither ends");
    await page.getByRole("radio", { name: /^None/ }).check();
    await page.getByRole("button", { name: "Settle" }).click();
    await page.waitForURL(`${app.origin}/quality`);
    assert.equal(await gold(), total);
    assert.equal(await page.evaluate(() => "pwned" in globalThis), false);
    assert.deepEqual(errors, []);
  },
});
