import assert from "node:assert/strict";
import { ollamaGenerator } from "@/lib/generation/ollama.ts";
import { withStore } from "@/lib/store/store.ts";
import { invite } from "@/lib/web/accounts.ts";
import { pairMaker } from "@/lib/web/make-pair.ts";
import type { ServeOptions } from "@/lib/web/serve.ts";
import { fenced } from "@/tests/generation/scripted.ts";
import { open, ready, saved, shownCodes, shownPair, visit } from "@/tests/web/browser.ts";
import { labelerWith, rows, serve, SERVING, signIn, startApp } from "@/tests/web/client.ts";
import { questionRow } from "@/tests/web/database.ts";
import { type TypingOllama, typingOllama } from "@/tests/web/typing-ollama.ts";
import { closeBrowser, seriousFaults } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const makerOn = (ollama: TypingOllama): ServeOptions["makePair"] => (db, lease) =>
  pairMaker(db, lease, () => ollamaGenerator({ model: "typist", host: ollama.host }));

const code = (name: string) => `def fresh_one(x):\n    return "${name}"`;
const counts = (db: string) =>
  rows(
    db,
    `SELECT (SELECT count(*) FROM pairs WHERE slug = 'fresh-one') AS pairs,
       (SELECT count(*) FROM draft_pairs) AS drafts, (SELECT count(*) FROM labels) AS labels`,
  );

/** An app on which question 50 has no pair. */
async function startOn(ollama: TypingOllama, more: Partial<Omit<ServeOptions, "makePair">> = {}) {
  const app = await startApp({ maker: makerOn(ollama), ...more });
  await withStore(
    app.db,
    (store) => store.insert("questions", [questionRow("fresh-one", 50, "Say **x**.")]),
  );
  return app;
}

Deno.test({
  name:
    "both solutions appear as they are written; one is written anew, the pair is saved and labeled",
  ...SERVING,
  async fn() {
    const half = Promise.withResolvers<void>(), whole = Promise.withResolvers<void>();
    const anew = Promise.withResolvers<void>();
    const [one, two] = fenced(code("one"), code("two")).split('"two"');
    await using ollama = typingOllama((n) =>
      n === 0
        ? [
          "Two of them:\n",
          one.slice(0, 40),
          half.promise,
          one.slice(40),
          whole.promise,
          `"two"${two}`,
        ]
        : n === 1
        ? ["```python\n" + code("three"), anew.promise, "\n```\n"]
        : [fenced(code(`many ${n}`), code(`more ${n}`))]
    );
    await using app = await startOn(ollama);
    await using cleo = await visit(app.link, "cleo");
    const { page, errors } = cleo;
    await page.goto(`${app.origin}/?question=50`);
    await page.waitForSelector(".empty");
    await ready(page);

    await page.keyboard.press("g");
    await page.waitForFunction(() =>
      document.querySelector(".panes")?.textContent?.includes("def fresh")
    );
    const first = await shownCodes(page);
    assert.equal(first.filter((text) => text === "").length, 1, "the second has not begun");
    assert.match(await page.textContent(".writing") ?? "", /Two of them:/);
    assert.doesNotMatch(await page.textContent(".app") ?? "", /typist/, "the model stays hidden");
    half.resolve();
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".source")].every((side) =>
        side.textContent?.includes("return")
      )
    );
    assert.deepEqual(await seriousFaults(page), []);
    whole.resolve();
    await open(page);
    const sides = await shownCodes(page);
    assert.deepEqual(new Set(sides), new Set([code("one"), code("two")]));
    const isFirstLeft = first[0] !== "";
    assert.equal(sides[isFirstLeft ? 0 : 1], code("one"), "each stays on its side");
    await page.waitForSelector("text=Submit (Code + Preference)");
    assert.deepEqual(await counts(app.db), [{ pairs: 0, drafts: 1, labels: 0 }]);
    const other = await signIn(app.origin, "other");
    assert.equal((await other.get(`/api/next?pair=${shownPair(page)}`)).status, 400);

    // A draft is there after a reload; then the right solution is written anew, the left one stays.
    await ready(page);
    await page.reload();
    await open(page);
    assert.deepEqual(await shownCodes(page), sides);
    await ready(page);
    await page.keyboard.press("]");
    await page.waitForFunction(() =>
      document.querySelectorAll(".source")[1].textContent?.includes("three")
    );
    assert.equal((await shownCodes(page))[0], sides[0]);
    anew.resolve();
    await page.waitForFunction(
      (before) => !document.querySelector(".writing") && location.search !== before,
      `?pair=${shownPair(page)}`,
    );
    await ready(page);
    assert.deepEqual(await shownCodes(page), [sides[0], code("three")]);

    // Saved, it is a pair like the others: for everybody, and still without a label.
    await page.keyboard.press("p");
    await page.waitForSelector("text=Submit (Preference Only)");
    const pair = shownPair(page);
    assert.deepEqual(await counts(app.db), [{ pairs: 1, drafts: 1, labels: 0 }]);
    assert.equal((await (await other.get(`/api/next?pair=${pair}`)).json()).draft, false);
    assert.deepEqual(await shownCodes(page), [sides[0], code("three")]);
    await page.keyboard.press("1");
    await saved(page);
    const [label] = await rows<{ pair: string; side_order: string; preference: string }>(
      app.db,
      "SELECT * FROM labels",
    );
    assert.equal(label.pair, pair);
    assert.equal(label.preference, label.side_order === "12" ? "version1" : "version2");

    // Code and preference in one: what is decided is saved first.
    await ready(page);
    await page.keyboard.press("g");
    await page.waitForSelector("text=Submit (Code + Preference)");
    await ready(page);
    await page.keyboard.press("q");
    await page.keyboard.press("2");
    await saved(page);
    assert.deepEqual(await counts(app.db), [{ pairs: 2, drafts: 1, labels: 2 }]);
    assert.equal(ollama.prompts.length, 3);
    assert.match(ollama.prompts[0], /^Give two different solutions/);
    assert.match(ollama.prompts[1], /Say \*\*x\*\*/);
    assert.doesNotMatch(ollama.prompts[1], /two different/);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "writing is cancelled at the model too; what was there before is shown again",
  ...SERVING,
  async fn() {
    const never = new Promise<void>(() => {});
    await using ollama = typingOllama((n) => n === 0 ? ["```py\ndef half", never] : ["No code."]);
    await using app = await startOn(ollama);
    await using dora = await visit(app.link, "dora");
    const { page, errors } = dora;
    const before = await shownCodes(page);
    await page.click("summary");
    await page.fill("textarea", "Give them both.");
    await page.click('[data-action="generate"]');
    await page.waitForSelector("text=def half");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".writing", { state: "detached" });
    await ready(page);
    assert.deepEqual(await shownCodes(page), before);
    assert.match(ollama.prompts[0], /^Give them both\./);
    await ollama.left;

    // After three answers without code it says so in one sentence.
    await page.locator("body").press("g");
    await page.waitForSelector(".generate > .error");
    assert.match(
      await page.textContent(".generate > .error") ?? "",
      /^The model gave no two different solutions \(no solution could be read\)/,
    );
    assert.deepEqual(await shownCodes(page), before);
    assert.equal(ollama.prompts.length, 4);
    assert.deepEqual(errors, []);
  },
});

Deno.test({
  name: "who may not have pairs made is told so, by the page and by the API",
  ...SERVING,
  async fn() {
    await using ollama = typingOllama(() => [fenced(code("one"), code("two"))]);
    {
      await using app = await startOn(ollama, { generate: "nobody" });
      await using emil = await visit(app.link, "emil");
      await emil.page.waitForSelector("text=the server runs with generate=nobody");
      await emil.page.keyboard.press("g");
      await emil.page.keyboard.press("]");
      assert.equal(await emil.page.locator('[data-action^="regenerate"]').count(), 0);
      assert.deepEqual(emil.errors, []);
    }
    await using app = await startOn(ollama);
    const { invitation } = await withStore(app.db, (store) => invite(store, "finn", "labeler", 1));
    await using team = await startTeam(app.db);
    const joined = await fetch(`${team.origin}/join/${invitation}`, {
      method: "POST",
      redirect: "manual",
    });
    await joined.body?.cancel();
    const finn = labelerWith(team.origin, joined.headers.get("Set-Cookie")!.split(";")[0]);
    const refused = await finn.post("/api/generate", { question: "fresh-one" });
    assert.equal(refused.status, 403);
    assert.match((await refused.json()).error, /Only admins/);
    assert.deepEqual(ollama.prompts, []);

    async function startTeam(db: string) {
      const serving = await serve(db, 0, undefined, [], {
        hosts: ["label.example.org"],
        generate: "admins",
        makePair: makerOn(ollama),
      });
      const origin = `http://127.0.0.1:${serving.port}`;
      return { origin, [Symbol.asyncDispose]: () => serving.stop() };
    }
  },
});
