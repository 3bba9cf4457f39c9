import assert from "node:assert/strict";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { OperationError } from "@/lib/errors.ts";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";
import { withStore } from "@/lib/store/store.ts";
import { rows, SERVING, startApp } from "@/tests/web/client.ts";
import { addPair, CODES, HOSTILE, questionRow } from "@/tests/web/database.ts";

let launched: Promise<Browser> | undefined;
const browser = () =>
  launched ??= ensureChromium().then((executablePath) =>
    chromium.launch({ executablePath, args: CHROMIUM_ARGS })
  );
Deno.test.afterAll(async () => await (await launched)?.close());

/** A labeler at the page, and everything that the browser complained about. */
interface Visit extends AsyncDisposable {
  page: Page;
  errors: string[];
}

async function visit(
  link: string,
  name: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Visit> {
  const context: BrowserContext = await (await browser()).newContext(options);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  await page.goto(link);
  // By keyboard alone: the field has the focus.
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await ready(page);
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}

const ready = async (page: Page) => {
  await page.waitForSelector('.workbench[aria-busy="false"]');
  await page.waitForSelector(".jump button:not([disabled])");
};
const saved = (page: Page) => page.waitForSelector('[data-state="saved"]');
const open = (page: Page) => page.waitForSelector('[data-state="open"]');
const shownCodes = (page: Page) => page.locator(".source code").allTextContents();

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
      assert.match(await page.textContent(".panes") ?? "", /secret-model-[12]/);
      const version = (code: string) => `version${CODES[slug].indexOf(code) + 1}`;
      expected[pair] = { 1: version(left), 2: version(right), 3: "same", 4: "both_bad" }[key]!;

      await page.reload();
      await saved(page);
      assert.equal(
        await page.locator('[aria-pressed="true"]').count(),
        1,
        "the decision is shown again",
      );
      await ready(page);
      await page.keyboard.press("n");
      await (key === "4" ? page.waitForSelector(".empty") : open(page));
    }
    assert.equal(new Set(seen).size, 4);
    assert.match(await page.textContent(".progress") ?? "", /4 of 4 pairs labeled/);

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
    await page.keyboard.press("s");
    await page.waitForSelector(".empty");
    assert.match(await page.textContent(".progress") ?? "", /3 of 4 pairs labeled, 1 skipped/);
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
    await page.locator("textarea").pressSequentially("1 2 3 4 s g n");
    assert.deepEqual(await rows(app.db, "SELECT id FROM labels"), []);
    await page.click(".quiet");
    assert.match(await page.inputValue("textarea"), /two different solutions/);
    await page.click('[data-choice="same"]');
    await saved(page);
    await page.click("text=Next pair");
    await open(page);
    await ready(page);
    await page.click("text=Skip");
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
  name:
    "a pair is made on request: text as it is written, an error in one sentence, cancelled by Escape",
  ...SERVING,
  async fn() {
    const gate = Promise.withResolvers<void>();
    let cancelled = false;
    let round = 0;
    const app = await startApp({
      async makePair({ slug }, { onText, onProgress, signal }) {
        if (++round === 1) throw new OperationError("The model is not there; start it.");
        onProgress(0, 1, "model is writing");
        onText("def half_an_answer");
        if (round === 2) {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => {
              cancelled = true;
              reject(signal.reason);
            })
          );
        }
        await gate.promise;
        const pair = await addPair(app.db, questionRow(slug, 50, "x"), [
          "def a(): ...",
          "def b(): ...",
        ]);
        return { pair, model: "m" };
      },
    });
    await using _ = app;
    await withStore(
      app.db,
      (store) => store.insert("questions", [questionRow("fresh-one", 50, "x")]),
    );
    await using cleo = await visit(app.link, "cleo");
    const { page, errors } = cleo;
    await page.keyboard.press("j");
    await page.keyboard.type("50");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".empty");

    await page.keyboard.press("g");
    assert.equal(await page.textContent(".generate > .error"), "The model is not there; start it.");
    await ready(page);
    await page.keyboard.press("g");
    await page.waitForSelector("text=def half_an_answer");
    await page.keyboard.press("Escape");
    await ready(page);
    assert.equal(await page.locator(".generate > .error").count(), 0);
    await page.keyboard.press("g");
    await page.waitForSelector("text=model is writing");
    gate.resolve();
    await open(page);
    assert.deepEqual(new Set(await shownCodes(page)), new Set(["def a(): ...", "def b(): ..."]));
    assert.equal(cancelled, true);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "a label that does not reach the server is said to be unsaved and can be sent again, once",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using dan = await visit(app.link, "dan");
    const { page } = dan;
    // The first answer is lost on its way back: the server has stored the label, the page cannot know.
    let sent = 0;
    await page.route("**/api/labels", async (route) => {
      if (++sent > 1) return await route.continue();
      await route.fetch();
      await route.abort();
    });
    await page.keyboard.press("2");
    await page.waitForSelector('[data-state="failed"]');
    assert.match(
      await page.textContent("[data-state]") ?? "",
      /Not saved\. The server does not answer/,
    );
    await page.click("text=Try again");
    await saved(page);
    assert.equal(sent, 2);
    assert.equal((await rows(app.db, "SELECT id FROM labels")).length, 1);
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
  name: "the page fits narrow and wide screens, light and dark, and loads little JavaScript",
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
        const bytes = await page.evaluate(() =>
          performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith(".js"))
            .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).decodedBodySize, 0)
        );
        assert.ok(bytes > 0 && bytes < 400_000, `${bytes} bytes of JavaScript`);
        assert.deepEqual(errors, []);
      }
    }
  },
});
