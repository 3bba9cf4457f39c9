import assert from "node:assert/strict";
import { thin } from "@/lib/charts/thin.ts";
import { lossCurve } from "@/lib/charts/training.ts";

const points = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ examples: 8 * i, value: Math.sin(i / 50) }));

Deno.test("short lines keep every point", () => {
  assert.deepEqual(thin(points(1900)), points(1900));
});

Deno.test("long lines keep their ends, their order and every peak", () => {
  const long = points(100_000);
  long[54_321].value = 7;
  long[12_345].value = -7;
  const kept = thin(long);
  assert.ok(kept.length < 2000, `${kept.length} points`);
  assert.deepEqual([kept[0], kept.at(-1)], [long[0], long.at(-1)]);
  for (const i of [12_345, 54_321]) assert.ok(kept.includes(long[i]));
  assert.deepEqual(kept, kept.toSorted((a, b) => a.examples - b.examples));
});

Deno.test("many points at one place are thinned too", () => {
  assert.ok(thin(points(5000).map(({ value }) => ({ examples: 4, value }))).length <= 4);
});

Deno.test("a figure of a long run stays small", () => {
  const records = points(100_000).map(({ examples, value }) => ({ examples, "loss/train": value }));
  assert.ok(lossCurve(records).length < 100_000);
});
