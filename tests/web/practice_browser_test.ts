import assert from "node:assert/strict";
import { open, ready, saved } from "@/tests/web/browser.ts";
import { rows, SERVING, signIn, startApp } from "@/tests/web/client.ts";
import { PRACTICE_SAMPLE } from "@/lib/labels/practice-sample.ts";
import { closeBrowser, seriousFaults, visit } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

Deno.test({
  name:
    "a newcomer practises by keyboard alone, is told why, and then labels; nothing of it is a label",
  ...SERVING,
  async fn() {
    await using app = await startApp({ practice: 5 });
    for (const [width, colorScheme] of [[390, "dark"], [1440, "light"]] as const) {
      const viewport = { width, height: 844 };
      await using newcomer = await visit(app.link, { viewport, colorScheme });
      const { page, errors } = newcomer;
      await page.waitForSelector("#name:focus");
      await page.keyboard.type(`ada ${width}`);
      await page.keyboard.press("Enter");
      let right = 0;
      for (const { pair, code1, preference, reason } of PRACTICE_SAMPLE) {
        await page.waitForSelector(
          '.workbench[aria-busy="false"] [data-choice="a"]:not([disabled])',
        );
        const [left] = await page.locator(".source code").allTextContents();
        // Always the left one: right now and then.
        const isRight = preference === (left === code1 ? "version1" : "version2");
        await page.keyboard.press("1");
        await page.waitForSelector(`.feedback[data-right="${isRight}"]`);
        if (isRight) right++;
        assert.match(
          await page.textContent(".feedback") ?? "",
          new RegExp(reason.slice(0, 20)),
          pair,
        );
        if (pair === PRACTICE_SAMPLE[0].pair) {
          assert.deepEqual(await seriousFaults(page), []);
          const overflow = await page.evaluate(() =>
            document.documentElement.scrollWidth - innerWidth
          );
          assert.ok(overflow <= 0, `${width}: ${overflow}px too wide`);
          // What was answered is answered, also after a reload.
          await page.reload();
          continue;
        }
        await page.keyboard.press("n");
      }
      await page.waitForSelector(`text=on ${right} of 5 pairs`);
      await page.keyboard.press("n");
      await open(page);
      await ready(page);
      assert.equal(new URL(page.url()).pathname, "/");
      await page.keyboard.press("1");
      await saved(page);
      assert.deepEqual(errors, []);
    }
    const labels = await rows<{ pair: string }>(app.db, "SELECT pair FROM labels");
    assert.equal(labels.length, 2);
    assert.ok(labels.every(({ pair }) => !pair.startsWith("practice")));
  },
});

Deno.test({
  name: "practice can be skipped, and is not for who has labeled before",
  ...SERVING,
  async fn() {
    await using app = await startApp({ practice: 2 });
    const bob = await signIn(app.origin, "bob");
    await (await bob.label(await bob.next(), { preference: "a" })).body?.cancel();
    await using visitor = await visit(app.link);
    const { page, errors } = visitor;
    await page.waitForSelector("#name:focus");
    await page.keyboard.type("cleo");
    await page.keyboard.press("Enter");
    await page.waitForSelector('.workbench[aria-busy="false"] [data-choice="a"]:not([disabled])');
    assert.equal(new URL(page.url()).pathname, "/practice");
    await page.keyboard.press("k");
    await open(page);
    await ready(page);
    await page.goto(app.origin);
    await open(page);
    assert.equal(new URL(page.url()).pathname, "/");
    assert.deepEqual(errors, []);

    const home = await bob.get("/");
    assert.equal(home.status, 200);
    await home.body?.cancel();
    const dora = await signIn(app.origin, "dora");
    const sent = await dora.get("/");
    assert.deepEqual([sent.status, sent.headers.get("Location")], [302, "/practice"]);
    for (
      const [body, sentence] of [
        [{ pair: "nothing", preference: "a" }, /no practice pair nothing/],
        [{ pair: PRACTICE_SAMPLE[0].pair, preference: "left" }, /preference/],
        [{ skip: "yes" }, /skip has to be true/],
      ] as [unknown, RegExp][]
    ) {
      const refused = await dora.post("/api/practice", body);
      assert.equal(refused.status, 400);
      assert.match((await refused.json()).error, sentence);
    }
  },
});
