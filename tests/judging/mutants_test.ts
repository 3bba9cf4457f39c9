import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { JudgePool } from "@/lib/judging/judge.ts";
import { readHumaneval } from "@/lib/questions/humaneval.ts";
import { pythonPath, sitePackages } from "@/lib/setup/paths.ts";
import { allJudgeable, withQuestions } from "./questions.ts";

interface Mutant {
  task_id: string;
  change: string;
  code: string;
  passes: boolean;
}

/** How many; `CODEPREF_MUTANTS=300` is the whole check. */
const COUNT = Number(Deno.env.get("CODEPREF_MUTANTS") ?? 40);

async function makeMutants(): Promise<Mutant[]> {
  const child = new Deno.Command(pythonPath(), {
    args: ["-I", join(import.meta.dirname!, "python", "mutants.py")],
    env: { PYTHONHASHSEED: "0" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  const job = { count: COUNT, problems: await readHumaneval(sitePackages()) };
  await writer.write(new TextEncoder().encode(JSON.stringify(job)));
  await writer.close();
  const { code, stdout, stderr } = await output;
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("solutions with one thing changed are judged as their question's own check function does", async () => {
  const mutants = await makeMutants();
  assert.equal(mutants.length, COUNT);
  await withQuestions(["humaneval"], async (dbPath) => {
    const questions = new Map(
      (await allJudgeable(dbPath, "humaneval")).map((item) => [item.question.slug, item]),
    );
    const pool = new JudgePool(availableParallelism());
    try {
      const verdicts = await Promise.all(mutants.map(async ({ task_id, code }) => {
        const question = questions.get(`humaneval-${task_id.split("/")[1]}`)!;
        return (await pool.judge(question, code)).verdict;
      }));
      const judged = mutants.map(({ task_id, change }, i) =>
        `${task_id}, ${change}: ${verdicts[i] === "pass"}`
      );
      const direct = mutants.map(({ task_id, change, passes }) =>
        `${task_id}, ${change}: ${passes}`
      );
      assert.deepEqual(judged, direct);
      assert.ok(mutants.some(({ passes }) => passes) && mutants.some(({ passes }) => !passes));
    } finally {
      await pool.close();
    }
  });
});
