import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type JudgeableQuestion, type Judgement, JudgePool } from "@/lib/judging/judge.ts";
import { DEFAULT_LIMITS } from "@/lib/judging/limits.ts";
import type { Sandbox } from "@/lib/judging/sandbox.ts";
import { HOSTILE, type Hostile, LEFT_BEHIND } from "./hostile-programs.ts";
import { judgeable, withQuestions } from "./questions.ts";

const LIMITS = { ...DEFAULT_LIMITS, cpu_seconds: 1, wall_seconds: 5, memory_bytes: 256 * 2 ** 20 };
const RIGHT = "def add(x, y):\n    return x + y";

interface Outcome {
  name: string;
  program: Hostile;
  judgement: Judgement;
  /** From handing it over until the slot is free. */
  seconds: number;
}

/** Judges programs one after the other in a slot of their own, several slots at a time. */
async function judgeAll(
  question: JudgeableQuestion,
  programs: [string, Hostile][],
  sandbox: Sandbox,
): Promise<Outcome[]> {
  const queue = [...programs];
  const outcomes: Outcome[] = [];
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    const pool = new JudgePool(1, LIMITS, sandbox);
    try {
      await pool.judge(question, RIGHT);
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [name, program] = next;
        const started = performance.now();
        const judgement = await pool.judge(question, program.code);
        const seconds = (performance.now() - started) / 1000;
        outcomes.push({ name, program, judgement, seconds });
      }
      assert.equal((await pool.judge(question, RIGHT)).verdict, "pass");
    } finally {
      await pool.close();
    }
  }));
  return outcomes;
}

function check({ program, judgement, seconds }: Outcome): void {
  assert.ok(
    program.verdicts.includes(judgement.verdict),
    `${judgement.verdict} ${JSON.stringify(judgement.first_failure)}`,
  );
  assert.ok(seconds < LIMITS.wall_seconds + 1, `the slot was free after ${seconds} s`);
}

/** Processes, by id, that judging starts; empty where there is no /proc. */
function judgingProcesses(): string[] {
  if (!existsSync("/proc/self/cmdline")) return [];
  return readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      const status = readFileSync(`/proc/${entry}/status`, "utf8");
      const parent = Number(status.match(/^PPid:\s+(\d+)/m)![1]);
      return command.includes("judging/python/supervisor.py") &&
        (parent === Deno.pid || parent === 1);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

Deno.test("hostile programs never pass, and leave slot and machine as they were", async (t) => {
  const programs = Object.values(HOSTILE).flatMap((group) => Object.entries(group));
  assert.ok(programs.length >= 60, `${programs.length} programs`);
  await withQuestions(["humaneval"], async (dbPath) => {
    const add = await judgeable(dbPath, "humaneval-53");
    const outcomes = await judgeAll(add, programs, "auto");
    for (const outcome of outcomes) await t.step(outcome.name, () => check(outcome));
    await t.step("no process and no file is left", () => {
      assert.deepEqual(judgingProcesses(), []);
      assert.deepEqual(LEFT_BEHIND.filter((path) => existsSync(path)), []);
    });
  });
});

Deno.test("programs that reach out fail without namespaces too", async (t) => {
  if (Deno.build.os !== "linux") return;
  const { processes, disk, secrets, network, forging } = HOSTILE;
  const programs = [processes, disk, secrets, network, forging].flatMap(Object.entries);
  await withQuestions(["humaneval"], async (dbPath) => {
    const add = await judgeable(dbPath, "humaneval-53");
    for (const outcome of await judgeAll(add, programs as [string, Hostile][], "landlock")) {
      await t.step(outcome.name, () => check(outcome));
    }
  });
});

Deno.test("a sandbox that is no longer needed goes when the program that judges is killed", async () => {
  if (Deno.build.os !== "linux") return;
  await withQuestions(["humaneval"], async (dbPath) => {
    const code = `
import { JudgePool } from "@/lib/judging/judge.ts";
import { judgeable } from "${new URL("./questions.ts", import.meta.url).href}";
const add = await judgeable(${JSON.stringify(dbPath)}, "humaneval-53");
const pool = new JudgePool(1);
await pool.judge(add, ${JSON.stringify(RIGHT)});
const judging = pool.judge(add, "import time\\ndef add(x, y):\\n    time.sleep(1000)");
console.log("judging");
await judging;`;
    const file = await Deno.makeTempFile({ suffix: ".ts", dir: import.meta.dirname });
    try {
      await Deno.writeTextFile(file, code);
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", file],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      const before = descendants(child.pid);
      assert.ok(before.length >= 1, "the supervisor runs");
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await gone(before);
    } finally {
      await Deno.remove(file);
    }
  });
});

function descendants(pid: number): number[] {
  const children = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).filter((entry) => {
    try {
      return readFileSync(`/proc/${entry}/status`, "utf8").includes(`PPid:\t${pid}\n`);
    } catch {
      return false;
    }
  }).map(Number);
  return [...children, ...children.flatMap(descendants)];
}

/** Resolves once none of the processes runs any more. */
async function gone(pids: number[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) {
    assert.ok(performance.now() < deadline, `still running: ${pids}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
