import assert from "node:assert/strict";
import { tupleElements } from "@/lib/questions/python-source.ts";
import { withoutRemoteImages } from "@/lib/questions/leetcode.ts";

Deno.test("splits a tuple at its own commas only", () => {
  assert.deepEqual(tupleElements("([1, 2], 'a,)', \"]\", {'k': (3,)})"), [
    "[1, 2]",
    "'a,)'",
    '"]"',
    "{'k': (3,)}",
  ]);
  assert.deepEqual(tupleElements('(\'it\\\'s\', """a, "b" """,)'), ["'it\\'s'", '"""a, "b" """']);
  assert.deepEqual(tupleElements("()"), []);
});

Deno.test("refuses brackets and quotes that do not close", () => {
  for (const source of ["([1, 2)", "('a)", "1, 2", "[[2"]) {
    assert.throws(() => tupleElements(source), SyntaxError, source);
  }
});

Deno.test("remote images become their labels", () => {
  assert.equal(
    withoutRemoteImages(
      'See ![Example 1](https://x.test/a.jpg) and <img src="b.png" alt="the tree"/>',
    ),
    "See *(image: Example 1)* and *(image: the tree)*",
  );
});
