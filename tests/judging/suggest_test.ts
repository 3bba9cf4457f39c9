import assert from "node:assert/strict";
import { readability } from "@/lib/judging/readability.ts";
import { type Measured, suggest } from "@/lib/judging/suggest.ts";

const SIMPLE = "def f(x):\n    return sorted(x)\n";
const TANGLED = `def f(x):
    out = []
    while x:
        best = None
        for y in x:
            if best is None or y < best:
                best = y
        out.append(best)
        x.remove(best)
    return out
`;

function measured(verdict: "pass" | "wrong" | null, code: string | null, passed = 1): Measured {
  return {
    judgement: verdict && { verdict, cases_passed: passed, cases_total: 2 },
    readability: code === null ? null : readability(code),
  };
}

Deno.test("complexity, nesting and length are counted", () => {
  // As `radon cc` counts: f is 1 + while, for, if, or.
  assert.deepEqual(readability(TANGLED), {
    complexity: 5,
    nesting: 4,
    statements: 10,
    longest_line: 40,
  });
  const cases: [string, number][] = [
    ["def f(x):\n    return [y for y in x if y and y > 1]\n", 4],
    ["def f(x):\n    return 1 if x else 2\n", 2],
    ["def f(x):\n    try:\n        g(x)\n    except ValueError:\n        pass\n", 2],
    ["class S:\n    def f(self):\n        pass\n    def g(self, x):\n        assert x\n", 2],
    ['def f():\n    """if and for"""\n    # while\n', 1],
    ["def f(x:\n    if x\n        return", 2],
  ];
  for (const [code, complexity] of cases) {
    assert.equal(readability(code).complexity, complexity, code);
  }
});

Deno.test("each criterion has a verdict or a reason for none", () => {
  const right = measured("pass", SIMPLE, 2), tangled = measured("pass", TANGLED, 2);
  const wrong = measured("wrong", SIMPLE), none = measured(null, null);
  const verdicts = (...args: Parameters<typeof suggest>) =>
    Object.values(suggest(...args)).map(({ verdict }) => verdict);
  const slower = { ratio: 2, low: 1.8, high: 2.2 };
  assert.deepEqual(verdicts(right, wrong, null), ["version1", null, "same"]);
  assert.deepEqual(verdicts(wrong, right, slower), ["version2", null, "same"]);
  assert.deepEqual(verdicts(wrong, wrong, null), [null, null, "same"]);
  assert.deepEqual(verdicts(tangled, right, slower), ["same", "version2", "version2"]);
  assert.deepEqual(verdicts(right, tangled, { ratio: 0.5, low: 0.4, high: 0.6 }), [
    "same",
    "version1",
    "version1",
  ]);
  assert.deepEqual(verdicts(right, right, { ratio: 1.1, low: 0.9, high: 1.3 })[1], "same");
  assert.match(
    suggest(right, right, { ratio: 1.1, low: 0.9, high: 1.3 }).performance.reason,
    /^no difference found/,
  );
  assert.deepEqual(verdicts(none, right, null), [null, null, null]);
});
