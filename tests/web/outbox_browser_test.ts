import assert from "node:assert/strict";
import { open, ready, saved, shownPair, visit } from "@/tests/web/browser.ts";
import { rows, SERVING, startApp } from "@/tests/web/client.ts";
import { closeBrowser } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const LABELS = "SELECT pair, client_id, action FROM labels ORDER BY created_at, id";

Deno.test({
  name:
    "labels wait in the browser while the server cannot be reached, over a reload, and arrive once, in order",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using dan = await visit(app.link, "dan");
    const { page } = dan;
    // The network takes labels to the server, but loses the answers; then it takes none.
    let mode: "lose" | "down" | "up" = "lose";
    let sent = 0;
    await page.route("**/api/labels", async (route) => {
      if (route.request().method() !== "POST") return await route.continue();
      sent++;
      if (mode === "up") return await route.continue();
      if (mode === "lose") await route.fetch();
      await route.abort();
    });
    const pairs = [shownPair(page)];
    await page.keyboard.press("2");
    await page.waitForSelector('[data-state="waiting"]');
    await page.waitForSelector("text=/1 waiting to be sent: The server does not answer/");
    mode = "down";
    // Work goes on meanwhile.
    await ready(page);
    await page.keyboard.press("n");
    await open(page);
    pairs.push(shownPair(page));
    assert.notEqual(pairs[0], pairs[1]);
    await page.keyboard.press("1");
    await page.waitForSelector("text=/2 waiting to be sent/");
    assert.equal((await rows(app.db, LABELS)).length, 1);

    mode = "up";
    await page.reload();
    await page.waitForSelector("text=2 of 4 pairs labeled");
    await saved(page);
    const stored = await rows<{ pair: string; client_id: string }>(app.db, LABELS);
    assert.deepEqual(stored.map(({ pair }) => pair), pairs);
    assert.ok(sent >= 3);
    assert.equal(await page.locator("[data-outbox]").count(), 0);
  },
});

Deno.test({
  name:
    "without a network the pair that was fetched ahead is shown, then the page says what it waits for and goes on",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using off = await visit(app.link, "off");
    const { page } = off;
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await page.keyboard.press("1");
    await page.waitForSelector('[data-state="waiting"]');
    await page.keyboard.press("n");
    await open(page);
    const second = shownPair(page);
    await page.keyboard.press("2");
    await page.waitForSelector('[data-state="waiting"]');
    await page.keyboard.press("n");
    await page.waitForSelector('[data-outbox="trouble"]');
    assert.equal(shownPair(page), second);
    await page.context().setOffline(false);
    await page.waitForSelector("text=2 of 4 pairs labeled");
    await open(page);
    assert.equal((await rows(app.db, LABELS)).length, 2);
  },
});

Deno.test({
  name:
    "a label that the server will not take is said to be unsaved, with its sentence, and holds up no other",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using pia = await visit(app.link, "pia");
    const { page } = pia;
    const refusedPair = shownPair(page);
    await page.route("**/api/labels", async (route) => {
      const { pair } = route.request().postDataJSON() ?? {};
      if (pair !== refusedPair) return await route.continue();
      await route.fulfill({
        status: 400,
        contentType: "application/json",
        body: JSON.stringify({ error: "This pair is gone." }),
      });
    });
    await page.keyboard.press("1");
    await page.waitForSelector('[data-state="failed"]');
    assert.match(await page.textContent("[data-state]") ?? "", /Not saved\. This pair is gone\./);
    await page.keyboard.press("n");
    await open(page);
    await page.waitForSelector("text=Not saved (Running Total). This pair is gone.");
    await page.keyboard.press("1");
    await saved(page);
    await page.reload();
    await page.waitForSelector('[data-outbox="failed"]');
    await page.click("text=Discard");
    await page.waitForSelector('[data-outbox="failed"]', { state: "detached" });
    assert.equal((await rows(app.db, LABELS)).length, 1);
  },
});
