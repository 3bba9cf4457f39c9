import assert from "node:assert/strict";
import { opaqueId, sideOrder, toSides, toVersions } from "@/lib/labels/showing.ts";

Deno.test("side orders are stable, balanced over pairs and labelers, and swapped at the next showing", () => {
  let first = 0;
  let agree = 0;
  const n = 2000;
  for (let i = 0; i < n; i++) {
    const order = sideOrder("secret", "ada", `pair-${i}`, 1);
    assert.equal(sideOrder("secret", "ada", `pair-${i}`, 1), order);
    assert.notEqual(sideOrder("secret", "ada", `pair-${i}`, 2), order);
    if (order === "12") first++;
    if (order === sideOrder("secret", "bob", `pair-${i}`, 1)) agree++;
  }
  // Five standard deviations of a fair coin.
  const far = 5 * Math.sqrt(n) / 2;
  assert.ok(Math.abs(first - n / 2) < far, `${first} of ${n} with version 1 on the left`);
  assert.ok(Math.abs(agree - n / 2) < far, `${agree} of ${n} alike for two labelers`);
});

Deno.test("verdicts go from sides to versions and back", () => {
  assert.equal(toVersions("a", "12"), "version1");
  assert.equal(toVersions("a", "21"), "version2");
  for (const order of ["12", "21"] as const) {
    for (const verdict of ["a", "b", "same", "both_bad"] as const) {
      assert.equal(toSides(toVersions(verdict, order), order), verdict);
    }
  }
});

Deno.test("a side's id depends on the secret", () => {
  assert.equal(opaqueId("s", "g"), opaqueId("s", "g"));
  assert.notEqual(opaqueId("s", "g"), opaqueId("t", "g"));
  assert.notEqual(opaqueId("s", "g"), opaqueId("s", "h"));
});
