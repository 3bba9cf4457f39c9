import assert from "node:assert/strict";
import { join } from "node:path";
import { groupTimes, layerOf, partOf, type PhaseOp, productFlops } from "@/lib/bench/op-groups.ts";
import { profileStep } from "@/lib/bench/profile.ts";
import { profileFigures, profilePage, profileSummary } from "@/lib/bench/profile-page.ts";
import { saveTinyModel } from "@/tests/trainers/tiny-model.ts";

const op = (values: Partial<PhaseOp>): PhaseOp => ({
  phase: "policy",
  op: "Add",
  scope: "",
  calls: 1,
  milliseconds: 1,
  outputBytes: 0,
  shapes: "",
  ...values,
});

Deno.test("profile: labels say part, layer and direction", () => {
  const inLayer = op({ scope: "layer 12/attention/mix/gradient" });
  assert.equal(partOf(inLayer), "policy: attention/mix (gradient)");
  assert.equal(layerOf(inLayer), 12);
  assert.equal(partOf(op({ scope: "vocabulary" })), "policy: vocabulary");
  assert.equal(layerOf(op({ scope: "vocabulary" })), undefined);
  assert.equal(partOf(op({})), "policy: other");
});

Deno.test("profile: groups add up, the slowest first", () => {
  const ops = [
    op({ milliseconds: 2 }),
    op({ op: "MatMul", milliseconds: 5, calls: 3, outputBytes: 8 }),
    op({ op: "Add", milliseconds: 4, phase: "reference" }),
    op({ op: "Mul", scope: "left out" }),
  ];
  assert.deepEqual(groupTimes(ops, ({ op, scope }) => scope ? undefined : op), [
    { name: "Add", calls: 2, milliseconds: 6, productMilliseconds: 0, outputBytes: 0 },
    { name: "MatMul", calls: 3, milliseconds: 5, productMilliseconds: 5, outputBytes: 8 },
  ]);
});

Deno.test("profile: operations of a product follow from its shapes, whichever factor is transposed", () => {
  const flops = (shapes: string, bytes: number, calls = 1) =>
    productFlops(op({ op: "MatMul", shapes, outputBytes: bytes * calls, calls }));
  // 5 × 7 times 7 × 3, as fp32; twice.
  assert.equal(flops("float32[5,7], float32[3,7]", 4 * 15), 2 * 5 * 7 * 3);
  assert.equal(flops("float32[7,5], float32[7,3]", 4 * 15, 2), 2 * 2 * 5 * 7 * 3);
  // Two times four products of 6 × 8 and 8 × 2 in bfloat16.
  assert.equal(flops("bfloat16[2,4,6,8], bfloat16[2,4,8,2]", 2 * 8 * 12), 2 * 8 * 6 * 8 * 2);
});

Deno.test("profile: one step of a tiny model, by phase, part and layer", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const model = join(folder, "model");
    await saveTinyModel(model);
    let last: [number, number] = [0, 0];
    const result = await profileStep({
      model,
      loss: "dpo",
      precision: "fp32",
      peakShapes: [[64, 64, 64], [8, 8, 8]],
      signal: new AbortController().signal,
      onProgress: (done, total) => last = [done, total],
    });
    assert.equal(last[0], last[1]);
    const phases = new Set(result.ops.map(({ phase }) => phase));
    for (const phase of ["reference", "policy", "optimizer"]) {
      assert.ok(phases.has(phase));
    }
    const parts = groupTimes(result.ops, partOf).map(({ name }) => name);
    for (const part of ["attention", "feed-forward", "head"]) {
      for (const name of [`reference: ${part}`, `policy: ${part}`, `policy: ${part} (gradient)`]) {
        assert.ok(parts.includes(name), name);
      }
    }
    const layers = new Set(result.ops.map(layerOf));
    assert.deepEqual([...layers].filter((layer) => layer !== undefined).sort(), [0, 1]);

    assert.equal(result.peak.shape.length, 3);
    const { eagerSeconds, productSeconds, otherSeconds, productTeraflops } = profileSummary(result);
    assert.ok(Math.abs(productSeconds + otherSeconds - eagerSeconds) < 1e-9);
    assert.ok(productSeconds > 0 && productTeraflops > 0);
    const page = profilePage(result, "deno task bench profile", {
      parts: "p.svg",
      layers: "l.svg",
    });
    assert.doesNotMatch(page, /NaN|undefined/);
    const figures = profileFigures(result);
    assert.match(figures.layers, />layer 1</);
    assert.match(figures.parts, />policy: head</);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
