import assert from "node:assert/strict";
import { wilsonInterval } from "@/lib/evaluation/wilson.ts";

Deno.test("Wilson's interval equals scipy's", () => {
  // scipy.stats.binomtest(k, n).proportion_ci(method="wilson"), with z = 1.959964
  const cases: [number, number, number, number][] = [
    [0, 8, 0, 0.32441],
    [8, 8, 0.67559, 1],
    [3, 10, 0.10779, 0.60323],
  ];
  for (const [k, n, low, high] of cases) {
    const found = wilsonInterval(k, n, 1.959964);
    assert.ok(
      Math.abs(found[0] - low) < 1e-4 && Math.abs(found[1] - high) < 1e-4,
      `${k}/${n}: ${found}`,
    );
  }
});
