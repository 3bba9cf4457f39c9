/** Who is asked about what, when, and how often. */
import assert from "node:assert/strict";
import { withStore } from "@/lib/store/store.ts";
import { type Labeler, rows, serve, SERVING, signIn, startApp } from "@/tests/web/client.ts";
import type { LabelingItem } from "@/lib/labels/item.ts";

const FAIR = { overlap: 0, repeat: 0, gold: 0 };

/** Labels what comes next. @returns the item, whose pair is null when there was nothing to do */
async function labelNext(labeler: Labeler, preference = "same"): Promise<LabelingItem> {
  const item = await labeler.next();
  if (item.pair !== null) assert.equal((await labeler.label(item, { preference })).status, 200);
  return item;
}

Deno.test({
  name: "with an overlap each pair gets labels of so many different people",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 6, labeling: { ...FAIR, overlap: 2 } });
    const people: Labeler[] = [];
    for (const name of ["ada", "bob", "cleo"]) people.push(await signIn(app.origin, name));
    for (let busy = true; busy;) {
      const items = await Promise.all(people.map((labeler) => labelNext(labeler)));
      busy = items.some(({ pair }) => pair !== null);
    }
    const counts = await rows<{ labels: number; people: number }>(
      app.db,
      "SELECT count(*) AS labels, count(DISTINCT labeler) AS people FROM labels GROUP BY pair",
    );
    assert.deepEqual(counts, Array(6).fill({ labels: 2, people: 2 }));
    const dan = await signIn(app.origin, "dan");
    const nothing = await dan.next();
    assert.equal(nothing.pair, null);
    assert.deepEqual(nothing.progress, { labeled: 0, skipped: 0, total: 0 });
  },
});

Deno.test({
  name: "nobody is given the pair that somebody else looks at, until it is free again",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 2, labeling: { ...FAIR, overlap: 1 } });
    const [ada, bob, cleo] = await Promise.all(
      ["ada", "bob", "cleo"].map((name) => signIn(app.origin, name)),
    );
    const first = await ada.next(), second = await bob.next();
    assert.notEqual(first.pair, second.pair);
    assert.equal((await cleo.next()).pair, null);
    assert.equal((await cleo.next()).progress.total, 2);
    await (await ada.label(first, { action: "skip" })).body?.cancel();
    assert.equal((await cleo.next()).pair, first.pair);
    assert.equal((await bob.next()).pair, second.pair);
  },
});

Deno.test({
  name: "reservations end by themselves, and outlive the server",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 4, labeling: { ...FAIR, overlap: 1 } });
    const ada = await signIn(app.origin, "ada");
    await labelNext(ada);
    const { pair } = await ada.next();
    const port = Number(new URL(app.origin).port);
    await app.stop();

    const again = await serve(app.db, port, undefined, [], { labeling: { ...FAIR, overlap: 1 } });
    const bob = await signIn(again.origin, "bob");
    assert.notEqual((await bob.next()).pair, pair);
    assert.equal((await ada.next()).pair, pair);
    await again.stop();

    const labeling = { ...FAIR, overlap: 1, reserveMinutes: 0 };
    const forgetful = await serve(app.db, port, undefined, [], { labeling });
    try {
      const cleo = await signIn(forgetful.origin, "cleo"),
        dan = await signIn(forgetful.origin, "dan");
      assert.deepEqual([(await cleo.next()).pair, (await dan.next()).pair], ["pair-3", "pair-3"]);
    } finally {
      await forgetful.stop();
    }
  },
});

Deno.test({
  name: "among pairs that want more labels, one that people disagree on comes first",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 4, labeling: { ...FAIR, overlap: 3 } });
    const ada = await signIn(app.origin, "ada"), bob = await signIn(app.origin, "bob");
    for (const pair of ["pair-0", "pair-1", "pair-2", "pair-3"]) {
      for (const labeler of [ada, bob]) {
        const item = await labeler.next(`?pair=${pair}`);
        const preference = pair === "pair-2" && labeler === bob ? "both_bad" : "same";
        assert.equal((await labeler.label(item, { preference })).status, 200);
      }
    }
    const cleo = await signIn(app.origin, "cleo");
    assert.equal((await cleo.next()).pair, "pair-2");
  },
});

Deno.test({
  name: "what was drawn is shown again after other pairs, with the sides swapped, and once",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 14, labeling: { ...FAIR, repeat: 1 } });
    const ada = await signIn(app.origin, "ada");
    const seen: LabelingItem[] = [];
    for (;;) {
      const item = await labelNext(ada, "a");
      if (item.pair === null) break;
      seen.push(item);
    }
    const first = seen.filter(({ showing }) => showing === 1);
    const second = seen.filter(({ showing }) => showing === 2);
    assert.equal(first.length, 14);
    assert.ok(second.length >= 2 && second.length < 14);
    for (const item of second) {
      const before = seen.findIndex(({ pair }) => pair === item.pair);
      assert.ok(seen.indexOf(item) - before > 10, "others come between");
      assert.deepEqual([item.a, item.b], [seen[before].b, seen[before].a]);
      assert.equal(item.decision, null);
    }
    assert.equal(new Set(second.map(({ pair }) => pair)).size, second.length);
    assert.deepEqual((await ada.next()).progress, { labeled: 14, skipped: 0, total: 14 });

    // Both decisions stand; each can be looked at and changed by itself.
    const [{ pair }] = second;
    const again = await ada.next(`?pair=${pair}&showing=2`);
    assert.equal(again.decision!.showing, 2);
    await (await ada.label(again, { preference: "b" })).body?.cancel();
    const stored = await rows<{ showing: number; preference: string }>(
      app.db,
      `SELECT showing, preference FROM labels
       WHERE pair = '${pair}' AND id NOT IN (SELECT supersedes FROM labels WHERE supersedes IS NOT NULL)
       ORDER BY showing`,
    );
    assert.deepEqual(stored.map(({ showing }) => showing), [1, 2]);
    assert.equal(stored[0].preference, stored[1].preference, "a, then b, of swapped sides");
  },
});

Deno.test({
  name: "a share of what each labeler gets is gold, whatever the overlap",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 12, labeling: { ...FAIR, overlap: 1, gold: 0.5 } });
    await withStore(
      app.db,
      (store) =>
        store.run("INSERT INTO gold VALUES ('pair-8', 'version1', NULL), ('pair-9', 'same', NULL)"),
    );
    for (const name of ["ada", "bob"]) {
      const labeler = await signIn(app.origin, name);
      const pairs: (string | null)[] = [];
      for (let i = 0; i < 4; i++) pairs.push((await labelNext(labeler)).pair);
      const gold = pairs.map((pair) => pair === "pair-8" || pair === "pair-9");
      assert.deepEqual(gold, [false, true, false, true]);
    }
  },
});

Deno.test({
  name: "while another program holds the file, pairs are shown, labels wait, and the page is told",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 3, labeling: FAIR });
    const ada = await signIn(app.origin, "ada");
    const status = async () => await (await ada.get("/api/status")).json();
    const item = await ada.next();
    assert.deepEqual(await status(), { database: "ok" });
    const held = Promise.withResolvers<void>(), release = Promise.withResolvers<void>();
    const holder = withStore(app.db, async () => {
      held.resolve();
      await release.promise;
    });
    await held.promise;
    const label = { client_id: "the-same-one", preference: "a" };
    const refused = await ada.label(item, label);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("Retry-After")) > 0);
    const told = await refused.json();
    assert.equal(told.code, "database_busy");
    assert.match(told.holder, new RegExp(`PID ${Deno.pid}`));
    assert.deepEqual(await status(), { database: "busy", holder: told.holder });
    assert.deepEqual(await ada.next(), item);
    release.resolve();
    await holder;
    assert.equal((await ada.label(item, label)).status, 200);
    assert.deepEqual(await status(), { database: "ok" });
    assert.equal((await rows(app.db, "SELECT id FROM labels")).length, 1);
  },
});
