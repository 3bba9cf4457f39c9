import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { OperationError } from "@/lib/errors.ts";
import { type JudgeableQuestion, JudgePool } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import { SANDBOXES } from "@/lib/judging/sandbox.ts";
import { judgeable, withQuestions } from "./questions.ts";

/** Right, and slow enough to be met while it runs. */
const SLOW = "import time\ndef add(x, y):\n    time.sleep(1)\n    return x + y";
const WAITING = "import time\ndef add(x, y):\n    time.sleep(1000)";
const RIGHT = "def add(x, y):\n    return x + y";

interface Process {
  pid: number;
  parent: number;
}

function processes(): Process[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const status = readFileSync(`/proc/${entry}/status`, "utf8");
      if (/^State:\s+Z/m.test(status)) return [];
      return [{ pid: Number(entry), parent: Number(status.match(/^PPid:\s+(\d+)/m)![1]) }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

/**
 * What a judgement in progress consists of below this process, once it is complete: a supervisor, its leader, the
 * leader's judge and keeper, and the candidate's process below the keeper.
 */
async function judging(over: AbortSignal): Promise<
  { leader: number; judge: number; keeper: number; runner: number }
> {
  while (true) {
    over.throwIfAborted();
    const all = processes();
    const below = (pid: number) => all.filter(({ parent }) => parent === pid).map(({ pid }) => pid);
    for (const leader of below(Deno.pid).flatMap(below)) {
      const [judge, keeper] = below(leader).sort((a, b) => a - b);
      const runner = keeper === undefined ? undefined : below(keeper)[0];
      if (runner !== undefined) return { leader, judge, keeper, runner };
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Judges, and kills one of the judgement's processes as often as `times` says. */
async function judgeKilling(
  pool: JudgePool,
  question: JudgeableQuestion,
  who: keyof Awaited<ReturnType<typeof judging>>,
  times: number,
) {
  const judgement = pool.judge(question, times === 1 ? SLOW : WAITING);
  const over = new AbortController();
  judgement.then(
    ({ verdict }) => over.abort(new Error(`the judgement ended before: ${verdict}`)),
    (error) => over.abort(error),
  );
  for (let n = 0; n < times; n++) {
    const pid = (await judging(over.signal))[who];
    Deno.kill(pid, "SIGKILL");
    while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return await judgement;
}

Deno.test("what happens to the judge's own processes is no verdict on a solution", async (t) => {
  if (Deno.build.os !== "linux") return;
  await withQuestions(["humaneval"], async (dbPath) => {
    const { question, tests } = await judgeable(dbPath, "humaneval-53");
    const add = { question, tests: tests.slice(0, 1) };
    for (const sandbox of SANDBOXES.filter((sandbox) => sandbox !== "auto")) {
      const pool = new JudgePool(1, DEFAULT_LIMITS, sandbox);
      try {
        for (const who of ["leader", "judge", "keeper", "runner"] as const) {
          await t.step(`${sandbox}: the ${who} is killed once`, async () => {
            assert.equal((await judgeKilling(pool, add, who, 1)).verdict, "pass");
          });
        }
        for (const who of ["leader", "judge", "keeper"] as const) {
          await t.step(`${sandbox}: the ${who} is killed twice`, async () => {
            await assert.rejects(judgeKilling(pool, add, who, 2), (error: Error) => {
              assert.ok(error instanceof OperationError, String(error));
              assert.match(error.message, /A solution of humaneval-53 was not judged, twice: /);
              return true;
            });
            assert.equal((await pool.judge(add, RIGHT)).verdict, "pass");
          });
        }
        await t.step(`${sandbox}: a solution that kills itself`, async () => {
          const code = "import os\ndef add(x, y):\n    os.kill(os.getpid(), 9)";
          assert.equal((await pool.judge(add, code)).verdict, "killed");
        });
      } finally {
        await pool.close();
      }
    }
  });
});

Deno.test("a prelude that does not load is the question's fault, not the solution's", async () => {
  await withQuestions(["humaneval"], async (dbPath) => {
    const { question, tests } = await judgeable(dbPath, "humaneval-53");
    const harness = { ...question.harness!, prelude: "from nowhere import nothing" };
    const pool = new JudgePool(1);
    try {
      await assert.rejects(
        pool.judge({ question: { ...question, harness }, tests }, RIGHT),
        /The tests of humaneval-53 cannot be run: the question's prelude does not load: ModuleNotFoundError/,
      );
    } finally {
      await pool.close();
    }
  });
});
