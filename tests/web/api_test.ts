import assert from "node:assert/strict";
import { InputError, OperationError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";
import { API } from "@/lib/web/api-list.ts";
import { labelerWith, rows, serve, SERVING, signIn, startApp } from "@/tests/web/client.ts";
import { addPair, CODES, questionRow } from "@/tests/web/database.ts";

interface LabelRow {
  id: string;
  client_id: string;
  pair: string;
  action: string;
  labeler: string;
  labeler_kind: string;
  preference: string | null;
  correctness: string | null;
  side_order: string;
  supersedes: string | null;
  active_ms: number;
  revealed: string;
}
const LABELS = "SELECT * FROM labels ORDER BY created_at, id";

Deno.test({
  name: "every endpoint that GET /api lists exists, and tells what it wants",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const listed = await (await fetch(`${app.origin}/api`)).json();
    assert.deepEqual(listed, API);
    const ada = await signIn(app.origin, "ada");
    for (const { method, path } of API.endpoints) {
      const response = method === "GET" ? await ada.get(path) : await ada.post(path, {});
      assert.notEqual(response.status, 405, path);
      const body = await response.json();
      if (!response.ok) {
        assert.match(body.error, /name|client_id|label|question|pair|side|format|action/, path);
      }
    }
  },
});

Deno.test({
  name: "a verdict about sides is stored as one about versions, whatever side was shown",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const sent = new Map<string, { name: string; order: string }>();
    for (const name of ["ada", "bob", "cleo"]) {
      const labeler = await signIn(app.origin, name);
      for (let i = 0; i < 4; i++) {
        const item = await labeler.next();
        const [version1, version2] = CODES[item.question!.slug];
        assert.deepEqual(new Set([item.a!.code, item.b!.code]), new Set([version1, version2]));
        assert.doesNotMatch(JSON.stringify(item), /secret-model/);
        const preference = item.a!.code === version1 ? "a" : "b";
        const response = await labeler.label(item, {
          preference,
          correctness: "b",
          active_ms: 1200,
        });
        const { id, stored } = await response.json();
        assert.equal(stored, true);
        sent.set(id, { name, order: item.a!.code === version1 ? "12" : "21" });
      }
      const done = await labeler.next();
      assert.equal(done.pair, null);
      assert.deepEqual(done.progress, { labeled: 4, skipped: 0, total: 4 });
    }
    const stored = await rows<LabelRow>(app.db, LABELS);
    assert.equal(stored.length, sent.size);
    for (const row of stored) {
      const { name, order } = sent.get(row.id)!;
      assert.equal(row.preference, "version1");
      assert.equal(row.correctness, order === "12" ? "version2" : "version1");
      assert.deepEqual([row.side_order, row.labeler, row.labeler_kind], [order, name, "human"]);
      assert.equal(row.active_ms, 1200);
    }
  },
});

Deno.test({
  name: "the next pair and its side order stay until there is a decision",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const first = await ada.next();
    assert.deepEqual(await ada.next(), first);
    const again = await signIn(app.origin, "ada");
    assert.deepEqual(await again.next(), first);
    const byId = await ada.next(`?pair=${first.pair}`);
    assert.deepEqual(byId, first);
    await (await ada.label(first, { action: "skip" })).body?.cancel();
    const second = await ada.next();
    assert.notEqual(second.pair, first.pair);
    assert.equal(second.progress.skipped, 1);
  },
});

Deno.test({
  name: "a label that is sent again is stored once and answered alike",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next();
    const label = { client_id: "the-same-one", preference: "same" };
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => await (await ada.label(item, label)).json()),
    );
    assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
    assert.deepEqual(Object.keys(answers[0]).sort(), ["id", "stored"]);
    const late = await ada.label(item, { ...label, preference: "both_bad" });
    assert.deepEqual(await late.json(), answers[0]);
    const stored = await rows<LabelRow>(app.db, LABELS);
    assert.equal(stored.length, 1);
    assert.equal(stored[0].preference, "same");

    const bob = await signIn(app.origin, "bob");
    const stolen = await bob.label(await bob.next(), label);
    assert.equal(stolen.status, 400);
    assert.match((await stolen.json()).error, /another labeler/);
  },
});

Deno.test({
  name: "a later decision replaces the earlier one, undo takes it back, and every row is kept",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next();
    const nothing = await ada.label(item, { action: "undo" });
    assert.equal(nothing.status, 400);
    assert.match((await nothing.json()).error, /no decision/);

    const first = await (await ada.label(item, { preference: "a" })).json();
    const second = await (await ada.label(item, { preference: "b", revealed: ["models"] })).json();
    const shown = await ada.next(`?pair=${item.pair}`);
    assert.equal(shown.decision!.id, second.id);
    assert.equal(shown.decision!.preference, "b");
    assert.deepEqual(
      new Set(Object.values(shown.decision!.models)),
      new Set(["secret-model-1", "secret-model-2"]),
    );
    const { suggestions, ...told } = await (await ada.get(`/api/labels/${second.id}`)).json();
    assert.deepEqual(told, shown.decision);
    assert.deepEqual(Object.keys(suggestions), ["correctness", "performance", "readability"]);

    await (await ada.label(item, { action: "undo" })).body?.cancel();
    assert.deepEqual(await ada.next(), item);
    const stored = await rows<LabelRow>(app.db, LABELS);
    assert.deepEqual(stored.map((row) => [row.action, row.supersedes]), [
      ["label", null],
      ["label", first.id],
      ["undo", second.id],
    ]);
    assert.equal(JSON.parse(stored[1].revealed)[0], "models");
  },
});

Deno.test({
  name: "identical, synthetic and evaluation pairs are not offered",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const twin = "def f():\n    return 1";
    const pairs = [
      await addPair(app.db, questionRow("twins", 90, "x"), [twin, "\ndef f(): \n\n    return 1\n"]),
      await addPair(app.db, questionRow("made-up", 91, "x"), [twin, "def f(): ..."], "synthetic"),
      await addPair(app.db, { ...questionRow("held-out", 92, "x"), split: "evaluation" }, [
        twin,
        "def f(): ...",
      ]),
    ];
    const ada = await signIn(app.origin, "ada");
    assert.equal((await ada.next()).progress.total, 4);
    for (const pair of pairs) {
      assert.equal((await ada.get(`/api/next?pair=${pair}`)).status, 400);
      assert.equal(
        (await ada.label({ ...await ada.next(), pair }, { preference: "a" })).status,
        400,
      );
    }
  },
});

Deno.test({
  name: "pairs that the unit tests leave open come first, then those with fewer labels",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await withStore(app.db, (store) =>
      store.run(
        `INSERT INTO labels (id, client_id, pair, showing, action, labeler, labeler_kind, preference, side_order,
                             active_ms, wall_ms, revealed)
         VALUES ('t', 't', 'pair-running-total', 1, 'label', 'unit-tests', 'tests', 'version1', '12', 0, 0, '[]')`,
      ));
    const ada = await signIn(app.origin, "ada");
    const order: string[] = [];
    for (let item = await ada.next(); item.pair; item = await ada.next()) {
      order.push(item.pair);
      await (await ada.label(item, { action: "skip" })).body?.cancel();
    }
    assert.equal(order.at(-1), "pair-running-total");
    const bob = await signIn(app.origin, "bob");
    const first = await bob.next();
    await (await bob.label(first, { preference: "a" })).body?.cancel();
    const cleo = await signIn(app.origin, "cleo");
    assert.notEqual((await cleo.next()).pair, first.pair);
  },
});

Deno.test({
  name: "a question is found by number and slug, also without a pair",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    await withStore(
      app.db,
      (store) => store.insert("questions", [questionRow("no-pair-yet", 77, "x")]),
    );
    const ada = await signIn(app.origin, "ada");
    assert.equal((await ada.next("?question=2")).question!.slug, "count-vowels");
    assert.equal((await ada.next("?question=is-palindrome")).pair, "pair-is-palindrome");
    const empty = await ada.next("?question=77");
    assert.equal(empty.question!.slug, "no-pair-yet");
    assert.equal(empty.pair, null);
    const missing = await ada.get("/api/next?question=4711");
    assert.equal(missing.status, 400);
    assert.deepEqual(await missing.json(), { error: "There is no question 4711." });
  },
});

Deno.test({
  name: "what is wrong with a label is said in one sentence",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next();
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ preference: "left" }, /preference has to be one of "a", "b", "same", "both_bad"/],
      [{}, /preference has to be/],
      [{ preference: "a", client_id: "short" }, /client_id/],
      [{ preference: "a", showing: "1" }, /showing/],
      [{ preference: "a", showing: 7 }, /no showing 7/],
      [{ preference: "a", pair: "'; DROP TABLE labels; --" }, /no pair/],
      [{ preference: "a", correctness: "both_bad" }, /correctness/],
      [{ preference: "a", active_ms: -1 }, /active_ms/],
      [{ preference: "a", note: "x".repeat(2001) }, /note is longer/],
      [{ preference: "a", revealed: ["answers"] }, /revealed/],
      [{ action: "delete" }, /action/],
      [{ action: "skip", preference: "a" }, /preference of skip/],
    ];
    for (const [label, sentence] of wrong) {
      const response = await ada.label(item, label);
      assert.equal(response.status, 400, JSON.stringify(label));
      assert.match((await response.json()).error, sentence);
    }
    assert.deepEqual(await rows(app.db, LABELS), []);
  },
});

Deno.test({
  name: "a session outlives the server, and the database stays private",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const port = Number(new URL(app.origin).port);
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next();
    await app.stop();
    const again = await serve(app.db, port);
    try {
      assert.deepEqual(await labelerWith(again.origin, ada.cookie).next(), item);
      for await (
        const { name } of Deno.readDir(new URL(`file://${app.db}`).pathname.replace(/\/[^/]+$/, ""))
      ) {
        const { mode } = await Deno.stat(app.db.replace(/[^/]+$/, name));
        assert.equal((mode! & 0o077).toString(8), "0", name);
      }
      await assert.rejects(
        serve(app.db, port),
        (error) =>
          error instanceof OperationError && /Port \d+ is in use.*port=/.test(error.message),
      );
    } finally {
      await again.stop();
    }
  },
});

Deno.test("missing databases are refused", async () => {
  await assert.rejects(
    serve("no/such.duckdb"),
    (error) => error instanceof InputError && /deno task import/.test(error.message),
  );
});

Deno.test({
  name: "making a pair streams events, says why it failed, and stops when the reader goes",
  ...SERVING,
  async fn() {
    const stopped = Promise.withResolvers<void>();
    await using app = await startApp({
      async makePair({ slug, instruction }, { onNote, onAttempt, onWritten, signal }) {
        if (instruction === "fail") throw new OperationError("The model is not there.");
        onNote("writing");
        onAttempt();
        onWritten({ solution: null, text: "Well, " });
        onWritten({ solution: 0, text: "def " });
        onWritten({ solution: 1, text: "f" });
        if (instruction === "hang") {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => {
              stopped.resolve();
              reject(signal.reason);
            })
          );
        }
        return [`${slug}-1`, `${slug}-2`];
      },
    });
    const ada = await signIn(app.origin, "ada");
    const ask = (instruction: string) =>
      ada.post("/api/generate", { question: "count-vowels", instruction });
    const events = async (response: Response) =>
      (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
    const [note, { writing }, talk, first, second, { pair }] = await events(await ask("go"));
    assert.deepEqual([note, talk], [{ note: "writing" }, { text: "Well, " }]);
    assert.deepEqual(writing.toSorted(), ["a", "b"]);
    assert.deepEqual([first, second], [{ text: "def ", side: writing[0] }, {
      text: "f",
      side: writing[1],
    }]);
    // The pair of these two is there already, so that saving it changes nothing.
    const draft = await ada.next(`?pair=${pair}`);
    assert.equal(draft.draft, true);
    assert.equal(draft[writing[0] as "a" | "b"]!.code, CODES["count-vowels"][0]);
    const keep = { pair: draft.pair, side: "left" };
    const wrong = await ada.post("/api/generate", { question: "count-vowels", keep });
    assert.match((await wrong.json()).error, /keep has to be/);
    assert.deepEqual(await events(await ask("fail")), [{ error: "The model is not there." }]);
    const hanging = (await ask("hang")).body!.getReader();
    await hanging.read();
    await hanging.cancel();
    await stopped.promise;
    const [{ value }] = await rows<{ value: string }>(
      app.db,
      "SELECT value FROM settings WHERE key = 'instruction'",
    );
    assert.equal(value, '"hang"');
  },
});

Deno.test({
  name: "own decisions that stand are listed, with what was done since a time",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const seen: string[] = [];
    for (const label of [{ preference: "a", note: "n" }, { action: "skip" }, { preference: "b" }]) {
      const item = await ada.next();
      seen.unshift(item.pair!);
      await (await ada.label(item, { ...label, correctness: "same", active_ms: 1000 })).body
        ?.cancel();
    }
    const mine = async (query = "") => await (await ada.get(`/api/labels?mine${query}`)).json();
    const { labels, work } = await mine();
    assert.deepEqual(labels.map(({ pair }: { pair: string }) => pair), seen);
    assert.deepEqual(
      [labels[2].preference, labels[2].correctness, labels[2].performance, labels[2].note],
      ["a", "same", null, "n"],
    );
    assert.equal(labels[0].question.slug, seen[0].replace("pair-", ""));
    assert.deepEqual(work, { labeled: 2, skipped: 1, active_ms: 3000 });
    await (await ada.label(await ada.next(`?pair=${seen[0]}`), { action: "undo" })).body?.cancel();
    assert.deepEqual((await mine("&limit=1")).labels.map(({ pair }: { pair: string }) => pair), [
      seen[1],
    ]);
    const later = new Date(Date.now() + 60_000).toISOString();
    assert.deepEqual((await mine(`&since=${later}`)).work, {
      labeled: 0,
      skipped: 0,
      active_ms: 0,
    });
    const bob = await signIn(app.origin, "bob");
    assert.deepEqual((await (await bob.get("/api/labels?mine")).json()).labels, []);
    for (const query of ["", "?mine&limit=0", "?mine&since=yesterday"]) {
      assert.equal((await ada.get(`/api/labels${query}`)).status, 400);
    }
  },
});

Deno.test({
  name: "the pair after the one in hand can be asked for",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const seen: string[] = [];
    for (let i = 0; i < 4; i++) {
      seen.push((await ada.next("?" + seen.map((id) => `except=${id}`).join("&"))).pair!);
    }
    assert.equal(new Set(seen).size, 4);
    assert.equal((await ada.next(`?except=${seen.join("&except=")}`)).pair, null);
    assert.equal((await ada.next()).pair, seen[0]);
  },
});
