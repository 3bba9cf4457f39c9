import assert from "node:assert/strict";
import { open, ready, saved, sheet, shownCodes, shownPair, visit } from "@/tests/web/browser.ts";
import { rows, SERVING, startApp } from "@/tests/web/client.ts";
import { addManyPairs, addTests, CODES } from "@/tests/web/database.ts";
import { closeBrowser } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

interface Said {
  pair: string;
  action: string;
  preference: string | null;
  correctness: string | null;
  performance: string | null;
  readability: string | null;
  note: string | null;
  reason: string | null;
  side_order: string;
}
const STANDING = `SELECT * FROM labels l WHERE action <> 'undo'
  AND NOT EXISTS (SELECT 1 FROM labels later WHERE later.supersedes = l.id)`;

/** Verdicts by column of the keyboard, as sides. */
const COLUMNS = ["a", "b", "same", "cannot_judge"] as const;
const ROWS = ["qwer", "asdf", "zxcv"];
const OVERALL = ["a", "b", "same", "both_bad"] as const;

Deno.test({
  name: "by keyboard alone: 20 pairs with verdicts on the criteria, undo, change, reload",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await addManyPairs(app.db, 18);
    await using ada = await visit(app.link, "ada");
    const { page, errors } = ada;
    const said = new Map<string, (string | null)[]>();
    for (let i = 0; i < 20; i++) {
      await open(page);
      await ready(page);
      const columns = [i % 4, (i + 1) % 4, (i >> 1) % 4, (i >> 2) % 4];
      for (const [row, keys] of ROWS.entries()) await page.keyboard.press(keys[columns[row]]);
      await page.keyboard.press(String(columns[3] + 1));
      await page.waitForSelector("[data-action=next]");
      const pair = shownPair(page);
      said.set(pair, [
        ...columns.slice(0, 3).map((column) => COLUMNS[column]),
        OVERALL[columns[3]],
      ]);
      if (i % 7 === 0) {
        // A second thought on one criterion, saved on the way to the next pair; pressed again, a key takes its answer
        // back.
        await saved(page);
        await ready(page);
        await page.keyboard.press("v");
        await page.waitForSelector('[data-state="changed"]');
        said.get(pair)![2] = said.get(pair)![2] === "cannot_judge" ? null : "cannot_judge";
      }
      await page.keyboard.press("n");
    }
    await open(page);
    assert.equal(said.size, 20);

    // Undo goes back over the last decisions, the last one first.
    const pairs = [...said.keys()];
    for (const pair of pairs.slice(-2).reverse()) {
      await ready(page);
      await page.keyboard.press("u");
      await page.waitForFunction((id) => location.search === `?pair=${id}`, pair);
      await open(page);
    }
    // What was said is still there; one of the two is decided again, after a reload, with a note.
    const [again, undecided] = pairs.slice(-2);
    assert.equal(shownPair(page), again);
    await page.reload();
    await open(page);
    await ready(page);
    assert.equal(
      await page.locator('.criteria [aria-pressed="true"]').count(),
      3,
      "the draft outlives a reload",
    );
    await page.keyboard.press("m");
    await page.keyboard.type("1 q: typed, not pressed");
    await page.keyboard.press("Escape");
    await page.keyboard.press("4");
    await saved(page);
    said.get(again)![3] = "both_bad";
    said.delete(undecided);

    // An earlier decision is found in the history and changed.
    await ready(page);
    await page.keyboard.press("h");
    await page.waitForSelector(".history button");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const earlier = pairs.at(-3)!;
    await page.waitForFunction((id) => location.search === `?pair=${id}`, earlier);
    await saved(page);
    await ready(page);
    await page.keyboard.press("3");
    await page.waitForSelector('[data-choice="same"][aria-pressed="true"]');
    await saved(page);
    said.get(earlier)![3] = "same";
    await page.reload();
    await saved(page);
    await page.waitForSelector('[data-choice="same"][aria-pressed="true"]');

    const standing = await rows<Said>(app.db, STANDING);
    const sides = (verdict: string | null, order: string) =>
      verdict?.startsWith("version")
        ? (verdict === "version1") === (order === "12") ? "a" : "b"
        : verdict;
    const stored = new Map(standing.map((row) => [
      row.pair,
      [row.correctness, row.performance, row.readability, row.preference].map((verdict) =>
        sides(verdict, row.side_order)
      ),
    ]));
    assert.deepEqual(
      Object.fromEntries([...stored].sort()),
      Object.fromEntries([...said].sort()),
    );
    assert.equal(standing.find(({ pair }) => pair === again)!.note, "1 q: typed, not pressed");
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name:
    "a criterion without an answer has none after a reload either, and that is not “can’t judge”",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using otto = await visit(app.link, "otto");
    const { page, errors } = otto;
    const pressed = () =>
      page.locator('.criteria [aria-pressed="true"]').evaluateAll((all) =>
        all.map((button) => button.getAttribute("data-action"))
      );
    await page.keyboard.press("e");
    await page.keyboard.press("f");
    await page.keyboard.press("1");
    await saved(page);
    const standing = async () => {
      const [row] = await rows<Said>(app.db, STANDING);
      return [row.correctness, row.performance, row.readability];
    };
    assert.deepEqual(await standing(), ["same", "cannot_judge", null]);
    await page.reload();
    await saved(page);
    await ready(page);
    assert.deepEqual(await pressed(), ["correctness.same", "performance.cannot_judge"]);

    // Both ways: the one is answered now, the other no longer.
    await page.keyboard.press("v");
    await page.keyboard.press("f");
    await page.waitForSelector('[data-state="changed"]');
    await page.keyboard.press("1");
    await saved(page);
    assert.deepEqual(await standing(), ["same", null, "cannot_judge"]);
    await page.reload();
    await saved(page);
    await ready(page);
    assert.deepEqual(await pressed(), ["correctness.same", "readability.cannot_judge"]);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "keys can be changed, and follow the place of a key on keyboards that are not Latin",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using vera = await visit(app.link, "vera");
    const { page, errors } = vera;
    const press = (key: string, code: string, more: KeyboardEventInit = {}) =>
      page.dispatchEvent("body", "keydown", { key, code, ...more });
    const pressed = (name: string) =>
      page.waitForSelector(`[data-action="${name}"][aria-pressed="true"]`);
    await press("й", "KeyQ");
    await pressed("correctness.a");
    await press("a", "KeyQ");
    await pressed("performance.a");
    // What an input method is at work on is not for the page.
    await press("w", "KeyW", { isComposing: true });
    await press("Process", "KeyW", { keyCode: 229 });
    assert.equal(
      await page.getAttribute('[data-action="correctness.b"]', "aria-pressed"),
      "false",
    );

    await page.keyboard.press(",");
    await page.click('[data-remap="correctness.b"]');
    await page.keyboard.press("b");
    await page.click('[data-remap="preference.a"]');
    await page.keyboard.press("2");
    await page.keyboard.press("Escape");
    await sheet(page, "closed");
    await page.keyboard.press("b");
    await pressed("correctness.b");
    await page.reload();
    await ready(page);
    assert.match(await page.textContent('[data-action="correctness.b"]') ?? "", /^B/);
    await page.keyboard.press("1");
    await page.waitForSelector('[data-choice="b"][aria-pressed="true"]');
    await saved(page);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "diff, wrapping, size and colours are kept; a skip has a reason; today's work is counted",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await using wim = await visit(app.link, "wim", { colorScheme: "light" });
    const { page, errors } = wim;
    await page.keyboard.press("i");
    await page.waitForSelector(".line.changed");
    const [left, right] = await page.locator(".source code").evaluateAll((codes) =>
      codes.map((code) => code.getBoundingClientRect().height)
    );
    assert.equal(left, right, "sides are level");
    const [a, b] = await shownCodes(page);
    assert.deepEqual(
      new Set([a, b]),
      new Set(CODES["running-total"]),
      "nothing is added to the codes",
    );
    await page.click("text=Wrap");
    await page.click('[aria-label="A+: larger code"]');
    await page.keyboard.press(",");
    await page.selectOption('[name="theme"]', "dark");
    await page.keyboard.press("Escape");
    await page.reload();
    await ready(page);
    await page.waitForSelector(".line.changed");
    const look = await page.evaluate(() => ({
      size: getComputedStyle(document.querySelector(".code")!).fontSize,
      wraps: getComputedStyle(document.querySelector(".line")!).whiteSpace,
      scheme: getComputedStyle(document.documentElement).colorScheme,
    }));
    assert.deepEqual(look, { size: "14px", wraps: "pre-wrap", scheme: "dark" });

    await page.keyboard.press("k");
    await sheet(page, "open");
    await page.keyboard.press("2");
    await open(page);
    await ready(page);
    await page.keyboard.press("k");
    await sheet(page, "open");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.type("It is in a language that I do not know");
    await page.keyboard.press("Enter");
    await open(page);
    await ready(page);
    await page.keyboard.press("1");
    await saved(page);
    await page.keyboard.press("y");
    await page.waitForSelector("text=1 of 50");
    const reasons = await rows<Said>(app.db, "SELECT * FROM labels ORDER BY created_at");
    assert.deepEqual(reasons.map(({ action, reason }) => [action, reason]), [
      ["skip", "I do not know enough about it"],
      ["skip", "It is in a language that I do not know"],
      ["label", null],
    ]);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "the tests run on both sides when asked; that they were looked at is kept with the label",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await addTests(app.db, "count-vowels", [["('tea',)", "2"], ["('AI',)", "2"]]);
    await using tess = await visit(app.link, "tess");
    const { page, errors } = tess;
    await page.goto(`${app.origin}/?pair=pair-count-vowels`);
    await ready(page);
    await page.keyboard.press("t");
    await page.waitForFunction(() => document.querySelectorAll('[data-tests="done"]').length === 2);
    const told = await page.locator(".tests").allTextContents();
    const [good, bad] = told.toSorted((a, b) =>
      Number(/^wrong/.test(a)) - Number(/^wrong/.test(b))
    );
    assert.match(good, /^pass 2 of 2 cases/);
    assert.match(bad, /^wrong 1 of 2 cases.*'AI'.*Expected2Got0/);
    await page.keyboard.press("1");
    await saved(page);
    const [label] = await rows<{ revealed: string }>(app.db, "SELECT revealed FROM labels");
    assert.deepEqual(JSON.parse(label.revealed), ["tests"]);

    await page.goto(`${app.origin}/?pair=pair-merge-intervals`);
    await ready(page);
    await page.click('[data-run-tests="a"]');
    await page.waitForSelector("text=This question has no tests that can be run");
    assert.equal(errors.filter((error) => !/status of 400/.test(error)).length, 0);
  },
});
