import assert from "node:assert/strict";
import { join } from "node:path";
import { judgeFile } from "@/lib/judging/judge-file.ts";
import { addOwnQuestions, testLines } from "@/lib/questions/own.ts";
import { withStore } from "@/lib/store/store.ts";

Deno.test("a question of one's own is judged by its tests", async () => {
  const folder = await Deno.makeTempDir({ prefix: "codepref-own-" });
  try {
    const db = join(folder, "own.duckdb");
    const report = await withStore(db, (store) =>
      addOwnQuestions(store, [{
        title: "Count in text",
        description: "How often does the sign occur?",
        entry_point: "count_in",
        tests: testLines('"a,b => c", "=" => 1\n"", "x" => 0'),
      }, { title: "Without tests", description: "None.", entry_point: "f" }]));
    assert.deepEqual([report.inserted, report.unrunnable.map(({ slug }) => slug)], [
      2,
      ["without-tests"],
    ]);
    const verdict = async (code: string) => {
      const file = join(folder, "solution.py");
      await Deno.writeTextFile(file, code);
      return (await judgeFile(db, "count-in-text", file)).verdict;
    };
    assert.equal(await verdict("def count_in(text, sign):\n    return text.count(sign)\n"), "pass");
    assert.equal(await verdict("def count_in(text, sign):\n    return 0\n"), "wrong");
    await assert.rejects(
      judgeFile(db, "without-tests", join(folder, "solution.py")),
      /added without tests/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
