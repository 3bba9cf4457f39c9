import assert from "node:assert/strict";
import fc from "fast-check";
import { plantedBugs } from "@/lib/bench/planted-bugs.ts";

Deno.test("planted bugs: one mistake a variant, in the order of the text", () => {
  assert.deepEqual(plantedBugs("return n % 2 == 0 and x[1:]"), [
    "return n // 2 == 0 and x[1:]",
    "return n % 3 == 0 and x[1:]",
    "return n % 2 != 0 and x[1:]",
    "return n % 2 == 1 and x[1:]",
    "return n % 2 == 0 or x[1:]",
    "return n % 2 == 0 and x[2:]",
  ]);
  assert.deepEqual(plantedBugs("if a <= b: return min(a, b)"), [
    "if a < b: return min(a, b)",
    "if a <= b: return max(a, b)",
  ]);
});

Deno.test("planted bugs: strings, comments, names and fractions stay as they are", () => {
  assert.deepEqual(plantedBugs(`"1 + 2" # 3 < 4\nx1 = ''' 5 '''\nandy = minimum`), []);
  assert.deepEqual(plantedBugs(`x == "a \\" 1" `), [`x != "a \\" 1" `]);
  assert.deepEqual(plantedBugs("y = 1.5"), []);
});

Deno.test("planted bugs: every variant differs from the code, and all from each other", () => {
  const word = fc.constantFrom(
    "a",
    " + ",
    " - ",
    "1",
    " <= ",
    "(",
    ")",
    '"',
    "'",
    "#",
    "\n",
    "and ",
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => {
    const code = words.join("");
    const variants = plantedBugs(code);
    assert.ok(!variants.includes(code));
    assert.equal(new Set(variants).size, variants.length);
  }));
});
