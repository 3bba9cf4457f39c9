/** The pages of questions, pairs and guidelines, and labels as files, over HTTP and in a browser. */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { withStore } from "@/lib/store/store.ts";
import { invite } from "@/lib/web/accounts.ts";
import { serveApp } from "@/lib/web/serve.ts";
import { type Labeler, labelerWith, rows, SERVING, signIn, startApp } from "@/tests/web/client.ts";
import { addPair, makeDatabase, questionRow } from "@/tests/web/database.ts";
import { closeBrowser, seriousFaults, startLabeling, visit } from "@/tests/web/visit.ts";

Deno.test.afterAll(closeBrowser);

const HOSTILE = '<img src=x onerror="window.pwned = 1">\u202e100%_off';

/** Cells of the page's only table, row by row. */
async function table(who: Labeler, path: string): Promise<string[][]> {
  const response = await who.get(path);
  assert.equal(response.status, 200, path);
  const { document } = parseHTML(await response.text());
  return [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent!)
  );
}

/** Sends a form as a browser does. */
function submit(origin: string, path: string, who: Labeler, form: BodyInit, own = true) {
  return fetch(origin + path, {
    method: "POST",
    body: form,
    headers: { Cookie: who.cookie, ...(own ? {} : { Origin: "https://evil.example" }) },
    redirect: "manual",
  });
}

Deno.test({
  name: "questions are searched, filtered and paged; patterns in words are plain text",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await withStore(app.db, (store) =>
      store.insert(
        "questions",
        Array.from({ length: 60 }, (_, i) => ({
          ...questionRow(`other-${i}`, 100 + i, "More"),
          source: "other",
          split: i === 0 ? "evaluation" : "train",
          title: i === 7 ? HOSTILE : `Other ${i}`,
          topics: [i === 9 ? "graphs" : "lists"],
        })),
      ));
    const ada = await signIn(app.origin, "ada");
    assert.equal((await table(ada, "/questions")).length, 25);
    const last = await ada.get("/questions?page=3");
    assert.match(await last.text(), /64 questions, page 3 of 3/);
    const titles = async (query: string) =>
      (await table(ada, `/questions?${query}`)).map((cells) => cells[1]);
    assert.deepEqual(await titles("search=vowels"), ["Count Vowels"]);
    assert.deepEqual(await titles("search=graphs"), ["Other 9"]);
    assert.deepEqual(await titles("search=109"), ["Other 9"]);
    assert.equal((await titles("source=test")).length, 4);
    assert.equal((await titles("source=test&difficulty=medium")).length, 2);
    assert.equal((await titles("search=%25_off")).length, 1);
    assert.deepEqual(await titles("search=%25%25%25"), []);
    assert.deepEqual(await titles(`search=${encodeURIComponent("' OR 1=1 --")}`), []);
    assert.equal((await titles("page=-1")).length, 25);
    const page = await (await ada.get("/questions?search=Other+0")).text();
    assert.doesNotMatch(page, /question=other-0/, "evaluation questions cannot be labeled");
  },
});

Deno.test({
  name: "questions of one's own are added by a form and from lines of JSON",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const send = async (form: BodyInit) => {
      const response = await submit(app.origin, "/questions/new", ada, form);
      return [response.status, await response.text()] as const;
    };
    const fields = {
      title: "Sum of Squares",
      description: "Return the sum of the squares.",
      examples: "Input: 1\n\nInput: 2",
      entry_point: "sum_of_squares",
      tests: "[1, 2] => 5\n[] => 0\n",
      topics: "math, lists",
      redistributable: "yes",
    };
    const [status, page] = await send(new URLSearchParams(fields));
    assert.equal(status, 200);
    assert.match(page, /role="status"[^>]*>Added sum-of-squares\./);
    const [question] = await rows(app.db, "SELECT * FROM questions WHERE source = 'own'") as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      [question.slug, question.number, question.split, question.redistributable, question.topics],
      ["sum-of-squares", 1, "train", true, ["math", "lists"]],
    );
    assert.deepEqual(question.examples, ["Input: 1", "Input: 2"]);
    assert.deepEqual(
      await rows(
        app.db,
        "SELECT input, expected FROM question_tests WHERE slug = 'sum-of-squares' ORDER BY position",
      ),
      [{ input: "([1, 2],)", expected: "5" }, { input: "([],)", expected: "0" }],
    );
    const wrong: [Record<string, string>, RegExp][] = [
      [fields, /sum-of-squares already/],
      [{ ...fields, title: "!!!" }, /letters or digits/],
      [{ ...fields, title: "Count vowels" }, /count-vowels already/],
      [{ ...fields, title: "New", entry_point: "f(x)" }, /name of a Python function/],
      [{ ...fields, title: "New", tests: "[1, 2" }, /has no =/],
      [{ ...fields, title: "New", tests: "[1, 2 => 5" }, /test 1 is no Python/],
      [{ ...fields, title: "New", description: "" }, /description is empty/],
    ];
    for (const [sent, message] of wrong) {
      const [status, page] = await send(new URLSearchParams(sent));
      assert.equal(status, 400);
      assert.match(page, message);
      assert.match(page, new RegExp(`value="${sent.title}"`), "what was typed is still there");
    }
    const many = new FormData();
    const line = (title: string) =>
      JSON.stringify({ title, description: HOSTILE, entry_point: "f" });
    many.set("lines", line("Pasted"));
    many.set("file", new Blob([line("From a file")]), "questions.jsonl");
    assert.match((await send(many))[1], /own: 2 new, 0 updated, 0 unchanged questions; 2 cannot/);
    assert.match((await send(many))[1], /own: 0 new, 0 updated, 2 unchanged/);
    many.set("lines", `${line("Third")}\n{"title": 3}`);
    const [refused, why] = await send(many);
    assert.equal(refused, 400);
    assert.match(why, /Question 2: title has to be a text/);
    const count = await rows(app.db, "SELECT slug FROM questions WHERE source = 'own'");
    assert.equal(count.length, 3, "all lines or none");
    const foreign = await submit(
      app.origin,
      "/questions/new",
      ada,
      new URLSearchParams({ ...fields, title: "Evil" }),
      false,
    );
    assert.equal(foreign.status, 403);
    await foreign.body?.cancel();
    const large = await submit(app.origin, "/questions/new", ada, "x".repeat(9 * 1024 * 1024));
    assert.equal(large.status, 413);
    await large.body?.cancel();
  },
});

Deno.test({
  name: "pairs tell of models and of others only after a decision of one's own",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const bob = await signIn(app.origin, "bob");
    const decide = async (who: Labeler, question: string, label: Record<string, unknown>) => {
      const response = await who.label(await who.next(`?question=${question}`), label);
      assert.equal(response.status, 200);
      await response.body?.cancel();
    };
    await decide(bob, "count-vowels", { preference: "same" });
    await decide(ada, "is-palindrome", { action: "skip" });
    const row = async (name: string, query = "") =>
      (await table(ada, `/pairs${query}`)).find(([title]) => title === name);
    assert.deepEqual((await row("Count Vowels"))?.slice(2, 6), ["1", "open", "–", "hidden"]);
    assert.doesNotMatch(await (await ada.get("/pairs")).text(), /secret-model/);
    await decide(ada, "count-vowels", { preference: "both_bad" });
    assert.deepEqual((await row("Count Vowels"))?.slice(2, 6), [
      "2",
      "both bad",
      "1 same, 1 both bad",
      "1: secret-model-1, 2: secret-model-2",
    ]);
    const titles = async (query: string) =>
      (await table(ada, `/pairs?${query}`)).map(([title]) => title);
    assert.deepEqual(await titles("state=labeled"), ["Count Vowels"]);
    assert.deepEqual(await titles("state=disputed"), ["Count Vowels"]);
    assert.deepEqual(await titles("state=skipped"), ["Is Palindrome"]);
    assert.deepEqual(await titles("state=open"), ["Running Total", "Merge Intervals"]);
    assert.deepEqual(await titles("search=merge"), ["Merge Intervals"]);
    assert.equal((await titles("state=nonsense")).length, 4);
  },
});

Deno.test({
  name: "guidelines are edited as Markdown, shown inert, and come back when emptied",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const read = async () => await (await ada.get("/guidelines")).text();
    const write = async (text: string, own = true) => {
      const form = new URLSearchParams({ text });
      const response = await submit(app.origin, "/guidelines/edit", ada, form, own);
      await response.body?.cancel();
      return response.status;
    };
    assert.match(await read(), /How to compare two solutions/);
    assert.equal(await write(`# Ours\r\n${HOSTILE}<script>1</script> [x](javascript:1)`), 303);
    const page = await read();
    assert.match(page, /<h1>Ours<\/h1>/);
    assert.doesNotMatch(page, /<img|javascript:|<script>1/);
    assert.match(page, /⟨U\+202E⟩/);
    const editing = await (await ada.get("/guidelines/edit")).text();
    assert.match(editing, /<textarea [^>]*># Ours\n&lt;img src=x/);
    assert.equal(await write("x".repeat(60_000)), 400);
    assert.equal(await write("evil", false), 403);
    assert.equal(await write("  "), 303);
    assert.match(await read(), /How to compare two solutions/);
  },
});

Deno.test({
  name:
    "labels are files with their history: CSV without formulas, JSON lines, Parquet, pseudonyms",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next("?question=count-vowels");
    for (const note of ["=1+1", 'plain, "quoted"\nand more']) {
      await (await ada.label(item, { preference: "a", note })).body?.cancel();
    }
    const file = async (query: string) => {
      const response = await ada.get(`/api/labels/export?${query}`);
      assert.equal(response.status, 200, query);
      assert.match(
        response.headers.get("Content-Disposition")!,
        /^attachment; filename="codepref-/,
      );
      return response;
    };
    const lines = (await (await file("format=jsonl")).text()).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.deepEqual(lines.map(({ note }) => note), ["=1+1", 'plain, "quoted"\nand more']);
    assert.equal(lines[1].supersedes, lines[0].id);
    assert.match(lines[0].created_at, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    assert.match(lines[0].labeler, /^labeler-[0-9a-f]{8}$/);
    assert.equal(lines[0].model1, "secret-model-1");
    const csv = await (await file("format=csv")).text();
    assert.match(csv, /^id,client_id,pair,slug,model1,/);
    assert.match(csv, /,'=1\+1,/);
    assert.match(csv, /,"plain, ""quoted""\nand more",/);
    assert.doesNotMatch(csv, /\bada\b/);
    assert.match(await (await file("format=csv&names=yes")).text(), /,ada,human,/);
    const path = `${app.db}.labels.parquet`;
    await Deno.writeFile(path, (await file("format=parquet")).body!);
    const parquet = await rows<{ n: number; people: string[] }>(
      app.db,
      `SELECT count(*) AS n, list(DISTINCT labeler) AS people FROM '${path}'`,
    );
    assert.deepEqual(parquet, [{ n: 2, people: [lines[0].labeler] }]);
    for (const query of ["", "?format=exe"]) {
      const response = await ada.get(`/api/labels/export${query}`);
      assert.equal(response.status, 400);
      assert.match((await response.json()).error, /csv, jsonl, parquet/);
    }
    const left = [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")]
      .filter(({ name }) => name.startsWith("codepref-export-"));
    assert.deepEqual(left, []);
  },
});

Deno.test({
  name: "a labeler with an account sees pairs and guidelines, and nothing that is for admins",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    const invited = await withStore(database.path, async (store) => ({
      labeler: await invite(store, "bob", "labeler", 1),
      admin: await invite(store, "ada", "admin", 1),
    }));
    const app = await serveApp({
      db: database.path,
      host: "127.0.0.1",
      hosts: ["label.example"],
      port: 0,
      makePair: () => () => Promise.reject(new Error("No generation in this test")),
      localDirs: [],
    });
    try {
      const origin = `http://127.0.0.1:${new URL(app.origin).port}`;
      const join = async ({ invitation }: { invitation: string }) => {
        const address = `${origin}/join/${invitation}`;
        const response = await fetch(address, { method: "POST", redirect: "manual" });
        assert.equal(response.status, 303);
        return labelerWith(origin, response.headers.get("Set-Cookie")!.split(";")[0]);
      };
      const bob = await join(invited.labeler), ada = await join(invited.admin);
      const status = async (who: Labeler, path: string) => {
        const response = await who.get(path);
        await response.body?.cancel();
        return response.status;
      };
      const ADMINS = [
        "/quality",
        "/api/quality",
        "/api/quality/alpha?format=csv",
        "/api/labels/export?format=csv",
        "/datasets",
        "/api/datasets",
        "/questions/new",
        "/guidelines/edit",
      ];
      for (const path of ADMINS) {
        assert.equal(await status(bob, path), 403, path);
        assert.equal(await status(ada, path), 200, path);
      }
      for (const path of ["/questions", "/pairs", "/guidelines"]) {
        const page = await bob.get(path);
        assert.equal(page.status, 200, path);
        assert.doesNotMatch(await page.text(), /\/questions\/new|\/guidelines\/edit|"\/quality"/);
      }
      for (const path of ["/questions/new", "/guidelines/edit"]) {
        const form = new URLSearchParams({ text: "mine", title: "Mine" });
        assert.equal((await submit(origin, path, bob, form)).status, 403, path);
      }
      assert.match(await (await ada.get("/guidelines")).text(), /How to compare two solutions/);
    } finally {
      await app.stop();
    }
  },
});

Deno.test({
  name: "the pages are usable, reached from each other and inert, on any screen",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const hostile = { ...questionRow("hostile", 9, HOSTILE), title: HOSTILE };
    await addPair(app.db, hostile, ["def f(): 1", "def f(): 2"]);
    for (const [width, colorScheme] of [[390, "dark"], [1440, "light"]] as const) {
      await using visitor = await visit(app.link, {
        viewport: { width, height: 900 },
        colorScheme,
      });
      const { page, errors } = visitor;
      await startLabeling(page, "Cy");
      for (const name of ["Questions", "Pairs", "Guidelines", "Datasets", "Runs", "Quality"]) {
        await page.getByRole("navigation", { name: "Pages", exact: true })
          .getByRole("link", { name }).click();
        await page.waitForURL(`${app.origin}/${name.toLowerCase()}`);
        const current = page.locator('[aria-current="page"]');
        assert.equal(await current.textContent(), name);
        assert.deepEqual(await seriousFaults(page), [], name);
        const widest = await page.locator("main").evaluate((main) => main.scrollWidth);
        assert.ok(widest <= width, `${name} at ${width}: ${widest}px`);
      }
      for (const path of ["/questions/new", "/guidelines/edit"]) {
        await page.goto(app.origin + path);
        assert.deepEqual(await seriousFaults(page), [], path);
      }
      await page.goto(`${app.origin}/questions?search=img`);
      await page.getByText(/^<img src=x .*⟨U\+202E⟩100%_off$/).waitFor();
      assert.equal(await page.evaluate(() => "pwned" in globalThis), false);
      await page.getByLabel("Search").fill("vowels");
      await page.getByRole("button", { name: "Show" }).click();
      await page.getByText("1 questions, page 1 of 1").waitFor();
      await page.getByRole("link", { name: "Count Vowels" }).click();
      await page.getByRole("heading", { name: "Count Vowels" }).waitFor();
      assert.deepEqual(errors, []);
    }
  },
});
