/** Backups of a database while the app runs on it. */
import assert from "node:assert/strict";
import { backup, restore } from "@/lib/store/backup.ts";
import { rows, SERVING, signIn, startApp } from "@/tests/web/client.ts";

Deno.test({
  name: "a backup is made while people label, and put back while the app goes on",
  ...SERVING,
  async fn() {
    await using app = await startApp({ pairs: 40, labeling: { repeat: 0, gold: 0 } });
    const copy = app.db.replace("test.duckdb", "backup.duckdb");
    const people = await Promise.all(
      ["ada", "bob", "cleo"].map((name) => signIn(app.origin, name)),
    );
    const label = async (count: number) => {
      const stored: string[] = [];
      await Promise.all(people.map(async (labeler) => {
        for (let i = 0; i < count; i++) {
          const response = await labeler.label(await labeler.next(), { preference: "a" });
          stored.push((await response.json()).id);
        }
      }));
      return stored;
    };
    const idsOf = async (db: string) =>
      new Set((await rows<{ id: string }>(db, "SELECT id FROM labels")).map(({ id }) => id));

    const before = await label(3);
    const during = label(5);
    const counts = await backup(app.db, copy);
    const all = [...before, ...await during];
    const copied = await idsOf(copy);
    assert.equal(copied.size, counts.labels);
    for (const id of before) assert.ok(copied.has(id));
    for (const id of copied) assert.ok(all.includes(id));
    assert.deepEqual(await idsOf(app.db), new Set(all));

    // The app takes up what the copy says: who labeled since is asked again.
    await restore(copy, app.db);
    const progress = await Promise.all(people.map(async (one) => (await one.next()).progress));
    const labeled = progress.reduce((sum, { labeled }) => sum + labeled, 0);
    assert.equal(labeled, copied.size);
    const after = await label(2);
    assert.deepEqual(await idsOf(app.db), new Set([...copied, ...after]));
  },
});
