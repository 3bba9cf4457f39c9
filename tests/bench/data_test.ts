import assert from "node:assert/strict";
import { benchData, type DataRun } from "@/lib/bench/data.ts";
import { dataPage, growthPerByte } from "@/lib/bench/data-page.ts";

Deno.test("reading of datasets is measured, twice each, and nothing is left behind", async () => {
  const before = Deno.env.get("TMPDIR"), temporary = Deno.makeTempDirSync();
  Deno.env.set("TMPDIR", temporary);
  let runs: DataRun[];
  try {
    runs = await benchData({ megabytes: 16, parts: [1], looked: 20 });
    assert.deepEqual([...Deno.readDirSync(temporary)], []);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    Deno.removeSync(temporary, { recursive: true });
  }
  assert.deepEqual(runs.map(({ format }) => format), ["jsonl", "parquet"]);
  for (const { rows, bytes, first, again } of runs) {
    assert.ok(first.pairs > 0.8 * rows && first.pairs < rows, "a tenth is held out");
    assert.equal(again.pairs, first.pairs);
    assert.ok(Math.abs(bytes / rows - 1525) < 20, `${bytes / rows} bytes a row`);
  }
  const small = { ...runs[0], bytes: 1e6, first: { ...runs[0].first, peakBytes: 5e8 } };
  const large = { ...small, bytes: 11e6, first: { ...small.first, peakBytes: 5e8 + 1e6 } };
  const all = [runs[0], small, large, runs[1]].map((run) => ({ ...run, again: run.first }));
  assert.equal(growthPerByte(all), 0.1);
  assert.match(dataPage(all, "deno task bench data"), /\| parquet \| 16 \|/);
});
