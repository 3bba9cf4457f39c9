import assert from "node:assert/strict";
import golden from "@/tests/fixtures/oracles/published.json" with { type: "json" };
import { withDatabase } from "@/tests/datasets/database.ts";
import { publishForTrl } from "@/tests/publish/for-trl.ts";

Deno.test("what is published are the bytes that TRL's DPOTrainer and SFTTrainer trained on as they were", () =>
  withDatabase(async ({ folder, db }) => {
    const { digest, train, test } = await publishForTrl(db, `${folder}/out`);
    assert.equal(digest, golden.digest);
    assert.deepEqual(golden.rows, { default: { train, test }, original: { train, test } });
    const { dpo, sft, settings } = golden;
    for (const { losses } of [dpo, sft]) assert.equal(losses.length, settings.steps);
    assert.ok(Math.abs(dpo.losses[0] - Math.LN2) < 1e-6, "policy and reference are the same");
    assert.notEqual(dpo.losses[1], dpo.losses[0]);
    assert.ok(sft.test_loss < sft.losses[0] - 0.5);
  }));
