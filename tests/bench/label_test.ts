/** `deno task bench label`, small. */
import assert from "node:assert/strict";
import { benchLabels } from "@/lib/bench/label/bench.ts";
import { labelPage, labelSummary, percentile } from "@/lib/bench/label/page.ts";

Deno.test("a percentile is one of the numbers", () => {
  const numbers = [5, 1, 4, 2, 3];
  assert.deepEqual([0, 0.5, 0.8, 0.95, 1].map((share) => percentile(numbers, share)), [
    1,
    3,
    4,
    5,
    5,
  ]);
  assert.deepEqual(numbers, [5, 1, 4, 2, 3]);
  assert.throws(() => percentile([], 0.5), RangeError);
});

Deno.test("simulated labelers label through the app while a process writes beside it, and the page tells of all", async () => {
  const options = { labelers: 3, labels: 30, pairs: 60, before: 100, writeEvery: 0.05 };
  const speed = await benchLabels(options);
  // Those before the measurement began are stored too.
  assert.equal(speed.stored, 2 * options.labels);
  assert.ok(speed.save.length > 0 && speed.save.length <= options.labels + options.labelers);
  assert.ok(labelSummary(speed).perSecond > 0);
  const page = labelPage(speed, options, "deno task bench label total=30");
  assert.match(page, /3 simulated labelers.*holds 100 labels on 60 pairs.*every 0\.05 s/s);
  assert.match(page, /\| `POST \/api\/labels` \| \d+ \|/);
});
