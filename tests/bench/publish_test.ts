import assert from "node:assert/strict";
import { benchPublish } from "@/lib/bench/publish.ts";
import { publishPage } from "@/lib/bench/publish-page.ts";

Deno.test("publishing is measured by either way of aggregating, and two runs write the same bytes", async () => {
  const result = await benchPublish({ labels: 2000 });
  assert.deepEqual(result.runs.map(({ aggregate }) => aggregate), [
    ...["majority", "majority", "dawid_skene"],
  ]);
  assert.equal(result.sameBytes, true);
  for (const { seconds, train, test } of result.runs) {
    assert.ok(seconds > 0 && train > 0 && train + test <= result.workload.pairs);
  }
  const page = publishPage(result, "deno task bench publish");
  assert.match(page, /2,000 synthetic labels by 200 labelers on 400 pairs/);
  assert.match(page, /\| majority .*\n\| dawid_skene /);
  assert.match(page, /the same byte by byte/);
});
