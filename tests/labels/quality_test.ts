/** The statistics of labels on a database with simulated labelers. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { labelerFlags } from "@/lib/labels/statistics/flags.ts";
import { type Quality, qualityOf, readQualityCounts } from "@/lib/labels/statistics/quality.ts";
import { type Row, type Store, withStore } from "@/lib/store/store.ts";
import {
  addPairs,
  betterOf,
  careful,
  type Habit,
  labelAs,
  leftBiased,
  pairName,
  random,
  saveAll,
} from "@/tests/labels/simulated.ts";

async function withPairs(count: number, work: (store: Store) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-quality-" });
  try {
    await withStore(join(folder, "test.duckdb"), async (store) => {
      await addPairs(store, count);
      await work(store);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const look = async (store: Store): Promise<Quality> => qualityOf(await readQualityCounts(store));
const within = ({ low, high }: { low: number; high: number }, value: number) =>
  low <= value && value <= high;

/** A label of one decision, as the web app sends it. */
const decision = (client_id: string, pair: string, more: Record<string, unknown> = {}) => ({
  client_id,
  pair,
  showing: 1,
  action: "label" as const,
  preference: "a" as const,
  correctness: null,
  performance: null,
  readability: null,
  reason: null,
  note: null,
  active_ms: 1000,
  wall_ms: 1000,
  revealed: [],
  ...more,
});

Deno.test("labelers with a left bias, without care and with care are told apart", async () => {
  const count = 120;
  await withPairs(count, async (store) => {
    const habits: Record<string, Habit> = {
      "careful Ada": careful,
      "careful Bob": careful,
      "hasty Lee": leftBiased,
      "random Rae": random,
    };
    let seed = 10;
    for (const [labeler, habit] of Object.entries(habits)) {
      await labelAs(store, labeler, habit, { count, seed: seed++ });
    }
    const quality = await look(store);
    const of = Object.fromEntries(quality.labelers.map((row) => [row.labeler, row]));
    const flags = Object.fromEntries(
      quality.labelers.map(({ labeler, flags }) => [labeler, flags.map(({ name }) => name)]),
    );
    assert.deepEqual(flags, {
      "careful Ada": ["ok"],
      "careful Bob": ["ok"],
      "hasty Lee": ["biased to the left"],
      "random Rae": ["no better than chance"],
    });
    assert.match(
      of["hasty Lee"].flags[0].sentence,
      /^Chose the left side in \d+ % .* half of them/,
    );
    assert.match(of["random Rae"].flags[0].sentence, /others' majority .* and with the unit tests/);

    // Of choices that are left-biased four times of ten, 0.4 + 0.6 / 2 go to the left.
    assert.ok(within(of["hasty Lee"].left!, 0.7));
    assert.ok(within(of["careful Ada"].left!, 0.5));
    assert.ok(of["careful Ada"].tests!.low > 0.8);
    assert.ok(within(of["random Rae"].tests!, 0.5));
    assert.ok(of["careful Ada"].others!.low > 0.4);
    assert.ok(within(of["random Rae"].others!, 0));

    // Careful people agree with each other, and all four less.
    const kappa = (first: string, second: string) =>
      quality.kappas.find((k) =>
        k.measure === "preference" && k.first === first && k.second === second
      )!.estimate;
    assert.ok(kappa("careful Ada", "careful Bob").low > 0.5);
    assert.ok(within(kappa("careful Ada", "random Rae"), 0));
    assert.equal(quality.kappas.length, 4 * 6);
    assert.equal(quality.twosLeftOut, 0);
    for (const { measure, estimate } of quality.alpha) {
      assert.ok(estimate!.low > 0.1 && estimate!.high < 0.6, measure);
      assert.equal(estimate!.n, count);
    }

    // The better solution is the strong model's in three of four pairs, and the longer one in two of three.
    assert.deepEqual(quality.models.map(({ model }) => model), ["strong", "weak"]);
    assert.ok(quality.models[0].strength.low > 0);
    assert.ok(quality.length.all!.low > 0.5);
    assert.deepEqual(quality.totals, { labels: 480, pairs: 120, shared: 120 });
    assert.ok(quality.tests.preference!.n > quality.tests.unseen!.n);

    // 120 labels of 30 seconds.
    assert.equal(of["careful Ada"].labels, 120);
    assert.equal(of["careful Ada"].activeHours, 1);
    assert.equal(of["careful Ada"].perHour, 120);
    assert.equal(of["careful Ada"].medianSeconds, 30);
    assert.equal(quality.timeLine.span, "hour");
    assert.equal(quality.timeLine.counts.reduce((sum, { labels }) => sum + labels, 0), 480);

    assert.deepEqual(await look(store), quality, "the same labels, the same numbers");
  });
});

Deno.test("what was changed, taken back, skipped or given by a program is not counted", async () => {
  await withPairs(3, async (store) => {
    const pair = pairName(0);
    const save = (id: string, more?: Record<string, unknown>) =>
      saveAll(store, "ada", [decision(id, pair, more)]);
    await save("decision-1");
    await save("decision-2", { preference: "same" });
    let quality = await look(store);
    assert.equal(quality.totals.labels, 1);
    assert.equal(quality.labelers[0].left, null);
    await save("decision-3", { action: "undo", preference: null });
    await save("decision-4", { action: "skip", preference: null });
    await store.insert("labels", [{
      ...rowOf("tests-1", pairName(1), "unit-tests"),
      labeler_kind: "tests",
    }]);
    quality = await look(store);
    assert.deepEqual(quality.totals, { labels: 0, pairs: 0, shared: 0 });
    const [{ labeler, labels, skips, undone, flags }, ...more] = quality.labelers;
    assert.deepEqual([labeler, labels, skips, undone, more.length], ["ada", 2, 1, 1, 0]);
    assert.deepEqual(flags.map(({ name }) => name), ["too few labels"]);
  });
});

Deno.test("an empty database has no numbers, and no errors", async () => {
  await withPairs(0, async (store) => {
    const quality = await look(store);
    assert.deepEqual(quality.labelers, []);
    assert.ok(quality.alpha.every(({ estimate }) => estimate === null));
    assert.deepEqual(
      [quality.self, quality.gold, quality.tests.preference, quality.length.all],
      [null, null, null, null],
    );
    assert.deepEqual(quality.models, []);
    assert.deepEqual(quality.disagreements, { total: 0, list: [] });
  });
});

Deno.test("second showings tell of self-consistency and nothing else", async () => {
  await withPairs(40, async (store) => {
    await labelAs(store, "ada", careful, { count: 40, seed: 3 });
    const before = await look(store);
    assert.equal(before.self, null);
    const firsts = await store.rows<{ pair: string; preference: string }>(
      "SELECT pair, preference FROM labels ORDER BY pair",
    );
    const other = (verdict: string) => verdict === "same" ? "version1" : "same";
    await store.insert(
      "labels",
      firsts.map(({ pair, preference }, i) => ({
        ...rowOf(`again-${i}`, pair, "ada"),
        showing: 2,
        preference: i < 4 ? preference : other(preference),
      })),
    );
    const after = await look(store);
    assert.deepEqual([after.self!.value, after.self!.n], [0.1, 40]);
    assert.deepEqual(after.labelers[0].left, before.labelers[0].left);
    assert.equal(after.totals.labels, 80);
    assert.deepEqual(after.labelers[0].flags.map(({ name }) => name), ["contradicts themselves"]);
  });
});

Deno.test("gold pairs are counted, and settle a disagreement", async () => {
  await withPairs(6, async (store) => {
    const vote = (labeler: string, i: number, preference: string) => ({
      ...rowOf(`${labeler}-${i}`, pairName(i), labeler),
      preference,
    });
    await store.insert("labels", [
      // Pair 0: two against two; 1: two against one; 2: a version or neither; 3: all the same; 4: only one label.
      ...["ada", "bob", "cy", "di"].map((name, i) =>
        vote(name, 0, i < 2 ? "version1" : "version2")
      ),
      ...["ada", "bob", "cy"].map((name, i) => vote(name, 1, i < 2 ? "version1" : "version2")),
      ...["ada", "bob"].map((name, i) => vote(name, 2, i < 1 ? "version1" : "both_bad")),
      ...["ada", "bob"].map((name) => vote(name, 3, "version2")),
      vote("ada", 4, "same"),
    ]);
    const { total, list } = (await look(store)).disagreements;
    assert.equal(total, 3);
    assert.deepEqual(list.map(({ pair }) => pair), [0, 1, 2].map(pairName));
    assert.deepEqual(list[0], {
      pair: pairName(0),
      slug: "simulated",
      title: "Simulated",
      version1: 2,
      version2: 2,
      same: 0,
      both_bad: 0,
      truth: betterOf(0),
    });
    assert.equal(list[1].truth, null, "both pass");
    await store.insert("gold", [{ pair: pairName(0), preference: "version2" }]);
    const settled = await look(store);
    assert.deepEqual(settled.disagreements.list.map(({ pair }) => pair), [1, 2].map(pairName));
    assert.deepEqual([settled.gold!.value, settled.gold!.n], [0.5, 4]);
    const gold = Object.fromEntries(settled.labelers.map((row) => [row.labeler, row.gold!.value]));
    assert.deepEqual(gold, { ada: 0, bob: 0, cy: 1, di: 1 });
  });
});

Deno.test("a time line has no more than 120 spans, however long it is", async () => {
  await withPairs(1, async (store) => {
    const times = ["2026-01-01T10:20:00", "2026-01-01T10:50:00", "2026-01-03T00:00:00"];
    const row = (time: string, i: number) => ({
      ...rowOf(`label-${i}`, pairName(0), "ada"),
      created_at: time,
    });
    await store.insert("labels", times.map(row));
    const line = async () => (await look(store)).timeLine;
    assert.deepEqual((await line()).counts.map(({ from, labels }) => [from, labels]), [
      ["2026-01-01T10:00:00Z", 2],
      ["2026-01-03T00:00:00Z", 1],
    ]);
    await store.insert("labels", [{ ...row("2026-03-01T00:00:00", 3) }]);
    assert.deepEqual([(await line()).span, (await line()).counts.length], ["day", 3]);
    await store.insert("labels", [{ ...row("2029-03-01T00:00:00", 4) }]);
    assert.equal((await line()).span, "month");
  });
});

Deno.test("flags need evidence, and correct for the number of labelers", () => {
  const evidence = (labeler: string, p: number) => ({
    labeler,
    left: { value: 0.64, low: 0.55, high: 0.72, n: 120, p },
    others: null,
    tests: null,
    gold: { value: 0.5, low: 0.3, high: 0.69, n: 20 },
    self: null,
  });
  const names = (labelers: ReturnType<typeof evidence>[]) =>
    [...labelerFlags(labelers).values()].map((flags) => flags.map(({ name }) => name));
  assert.deepEqual(names([evidence("ada", 0.03)]), [["biased to the left", "fails gold pairs"]]);
  assert.deepEqual(
    names([evidence("ada", 0.03), evidence("bob", 0.02)]),
    [["fails gold pairs"], ["biased to the left", "fails gold pairs"]],
  );
  const right = { ...evidence("cy", 0.001), gold: null };
  right.left = { value: 0.3, low: 0.2, high: 0.4, n: 100, p: 0.001 };
  const [flag] = labelerFlags([right as never]).get("cy")!;
  assert.equal(flag.name, "biased to the right");
  assert.match(flag.sentence, /70 % \(60 to 80 %\) of 100 choices/);
});

function rowOf(id: string, pair: string, labeler: string): Row {
  return {
    id,
    client_id: id,
    pair,
    showing: 1,
    action: "label",
    labeler,
    labeler_kind: "human",
    preference: "version1",
    side_order: "12",
    active_ms: 0,
    wall_ms: 0,
    revealed: [],
    created_at: "2026-01-01T00:00:00",
  };
}
