import assert from "node:assert/strict";
import { open, ready, saved, sheet, shownCodes, visit } from "@/tests/web/browser.ts";
import { rows, SERVING, startApp } from "@/tests/web/client.ts";
import { addPair, CODES, HOSTILE, questionRow } from "@/tests/web/database.ts";
import { closeBrowser, seriousFaults } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

Deno.test({
  name: "by keyboard alone: label, change, undo, skip, reload; the database holds what was said",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using ada = await visit(app.link, "ada");
    const { page, errors } = ada;
    const expected: Record<string, string> = {};
    const seen: string[] = [];
    for (const key of ["1", "2", "3", "4"]) {
      const pair = new URL(page.url()).searchParams.get("pair")!;
      const slug = pair.replace("pair-", "");
      seen.push(pair);
      const [left, right] = await shownCodes(page);
      assert.deepEqual(new Set([left, right]), new Set(CODES[slug]));
      assert.doesNotMatch(
        await page.locator(".app").innerHTML(),
        /secret-model/,
        "models stay hidden",
      );

      await page.reload();
      await open(page);
      assert.deepEqual(await shownCodes(page), [left, right], "sides stay on reload");
      await ready(page);

      await page.keyboard.press(key);
      await saved(page);
      await page.waitForSelector(".model");
      assert.match(await page.textContent(".panes") ?? "", /secret-model-[12]/);
      const version = (code: string) => `version${CODES[slug].indexOf(code) + 1}`;
      expected[pair] = { 1: version(left), 2: version(right), 3: "same", 4: "both_bad" }[key]!;

      await page.reload();
      await saved(page);
      assert.equal(
        await page.locator('.choices [aria-pressed="true"]').count(),
        1,
        "the decision is shown again",
      );
      await ready(page);
      await page.keyboard.press("n");
      await (key === "4" ? page.waitForSelector(".empty") : open(page));
    }
    assert.equal(new Set(seen).size, 4);
    await page.waitForSelector("text=4 of 4 pairs labeled");

    // Back to the first question by its number: change the decision, then take it back and skip.
    await ready(page);
    await page.keyboard.press("j");
    await page.keyboard.type("1");
    await page.keyboard.press("Enter");
    await saved(page);
    await ready(page);
    await page.keyboard.press("4");
    await page.waitForSelector('[data-choice="both_bad"][aria-pressed="true"]');
    expected["pair-running-total"] = "both_bad";
    const standing = `SELECT pair, preference FROM labels l WHERE action = 'label'
      AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)`;
    const stored = await rows<{ pair: string; preference: string }>(app.db, standing);
    assert.deepEqual(Object.fromEntries(stored.map((row) => [row.pair, row.preference])), expected);

    await ready(page);
    await page.keyboard.press("u");
    await open(page);
    await ready(page);
    await page.keyboard.press("k");
    await sheet(page, "open");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".empty");
    await page.waitForSelector("text=3 of 4 pairs labeled, 1 skipped");
    const actions = await rows<{ action: string; active_ms: number; wall_ms: number }>(
      app.db,
      "SELECT action, active_ms, wall_ms FROM labels ORDER BY created_at, id",
    );
    assert.deepEqual(
      actions.map(({ action }) => action),
      ["label", "label", "label", "label", "label", "undo", "skip"],
    );
    assert.ok(actions.every(({ active_ms, wall_ms }) => active_ms > 0 && active_ms <= wall_ms));
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "the mouse does what the keys do, and typing is not taken for keys",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using bob = await visit(app.link, "bob");
    const { page, errors } = bob;
    await page.click("summary");
    await page.locator("textarea").fill("");
    await page.locator("textarea").pressSequentially("1 2 3 4 q a z k u g n ?");
    assert.deepEqual(await rows(app.db, "SELECT id FROM labels"), []);
    await page.click("text=Back to the original");
    assert.match(await page.inputValue("textarea"), /two different solutions/);
    await page.click('[data-choice="same"]');
    await saved(page);
    await page.click("text=Next pair");
    await open(page);
    await ready(page);
    await page.click("text=Skip");
    await page.click("text=I do not know enough about it");
    await page.waitForFunction(() =>
      document.querySelector(".progress")?.textContent?.includes("1 skipped")
    );
    const labels = await rows<{ action: string }>(
      app.db,
      "SELECT action FROM labels ORDER BY created_at, id",
    );
    assert.deepEqual(labels.map(({ action }) => action), ["label", "skip"]);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "hostile questions and codes are shown and do nothing",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const hostile = { ...questionRow("hostile", 66, HOSTILE.description), title: HOSTILE.code };
    await addPair(app.db, { ...hostile, topics: [HOSTILE.code] }, [HOSTILE.code, "def g(): ..."]);
    await using eve = await visit(app.link, "eve");
    const { page, errors } = eve;
    await page.goto(`${app.origin}/?question=66`);
    await ready(page);
    assert.equal(await page.evaluate(() => (globalThis as { pwned?: unknown }).pwned), undefined);
    const links = await page.locator(".description a").evaluateAll((all) =>
      all.map((a) => a.getAttribute("href"))
    );
    assert.deepEqual(new Set(links), new Set([null]));
    assert.equal(await page.locator(".app script, .app img, .app iframe, .app style").count(), 0);
    const codes = (await shownCodes(page)).join();
    assert.match(codes, /<script>window\.pwned = 5<\/script>/);
    assert.match(codes, /⟨U\+202E⟩ overridden ␛\[31m red ␀/);
    assert.match(await page.textContent(".description") ?? "", /⟨U\+202E⟩gnitirw/);
    await page.keyboard.press("1");
    await saved(page);
    assert.equal(await page.evaluate(() => (globalThis as { pwned?: unknown }).pwned), undefined);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "of very long codes the page gets what it shows; all lines and the whole code on request",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const long = Array.from({ length: 7000 }, (_, i) => `x${i} = ${i}`).join("\n");
    const line = `y = "${"<b>".repeat(3_500_000)}"`;
    await addPair(app.db, questionRow("very-long", 70, "x"), [long, line]);
    const permissions = ["clipboard-read", "clipboard-write"];
    await using lena = await visit(app.link, "lena", { permissions });
    const { page, errors } = lena;
    const response = await page.goto(`${app.origin}/?question=70`);
    await ready(page);
    const bytes = (await response!.body()).length;
    assert.ok(bytes < 2_000_000, `${bytes} bytes of 10,000,000`);
    const lines = page.locator(".source .line");
    assert.ok(await lines.count() < 1100, "a thousand lines at first");
    assert.match(
      await page.textContent(".panes") ?? "",
      /… 10400006 more characters are not shown/,
    );
    assert.equal(await page.locator(".panes b").count(), 0);
    // What differs cannot be told in time; that is said, and nothing waits for it.
    await page.keyboard.press("i");
    await page.waitForSelector(".panes.diff");
    await page.keyboard.press("i");
    await page.click('[data-show="all"]');
    await page.waitForSelector("text=x6999");
    assert.ok(await lines.count() > 7000);
    const copied = new Set<string>();
    for (const side of ["left", "right"]) {
      await page.click(`[aria-label="Copy the ${side} code"]`);
      await page.waitForSelector(`[aria-label="Copy the ${side} code"]:text("Copied")`);
      copied.add(await page.evaluate(() => navigator.clipboard.readText()));
    }
    assert.deepEqual(copied, new Set([long, line]));
    await page.keyboard.press("1");
    await saved(page);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name:
    "the page fits narrow and wide screens, light and dark, is accessible, and loads little JavaScript",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    for (const width of [390, 1440]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const viewport = { width, height: 844 };
        await using finn = await visit(app.link, `finn ${width}`, { viewport, colorScheme });
        const { page, errors } = finn;
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - innerWidth
        );
        assert.ok(overflow <= 0, `${width} ${colorScheme}: ${overflow}px too wide`);
        const [left, right] = await page.locator(".pane").evaluateAll((panes) =>
          panes.map((pane) => pane.getBoundingClientRect().toJSON())
        );
        if (width === 1440) assert.deepEqual([left.top, left.height], [right.top, right.height]);
        else assert.ok(right.top >= left.bottom);
        const back = await page.evaluate(() =>
          getComputedStyle(document.documentElement).backgroundColor
        );
        assert.equal(Number(back.match(/\d+/)![0]) > 128, colorScheme === "light");
        const scripts = await page.evaluate(() =>
          performance.getEntriesByType("resource").map(({ name }) => name)
            .filter((name) => name.endsWith(".js"))
        );
        const bytes = (await Promise.all(scripts.map(gzipped))).reduce((sum, n) => sum + n, 0);
        assert.ok(bytes > 0 && bytes < 120_000, `${bytes} bytes of JavaScript, compressed`);
        assert.deepEqual(await seriousFaults(page), []);
        assert.deepEqual(errors, []);
      }
    }
  },
});

/** Size of a file as servers compress it. */
async function gzipped(address: string): Promise<number> {
  const { body } = await fetch(address);
  return (await new Response(body!.pipeThrough(new CompressionStream("gzip"))).bytes()).length;
}
