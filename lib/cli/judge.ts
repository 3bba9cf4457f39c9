/** `deno task judge`: unit tests on one file, or on every generation that was not judged yet. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { checkTests, testsLines } from "@/lib/judging/check-tests.ts";
import { judgeFile, timeFiles } from "@/lib/judging/judge-file.ts";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { timePairs, timesReportLine } from "@/lib/judging/time-pairs.ts";
import { timesLine } from "@/lib/judging/compare-times.ts";
import { judgedFileLine, judgedLine } from "@/lib/judging/judged-lines.ts";
import { SANDBOXES } from "@/lib/judging/sandbox.ts";

const spec = defineTask({
  name: "judge",
  summary: "Run the questions' unit tests on solutions, in a sandbox.",
  examples: [
    "deno task judge",
    "deno task judge question=two-sum code=solution.py json=true",
    "deno task judge question=two-sum code=one.py against=other.py",
    "deno task judge times",
    "deno task judge tests questions=[easy]",
  ],
  subcommands: {
    times: "times pairs of which both versions pass, on inputs of growing size",
    tests: "checks the tests themselves: which questions get verdicts, and which not, and why",
  },
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    question: {
      type: "string",
      optional: true,
      help: "The slug of the question to judge a file on.",
    },
    code: { type: "string", optional: true, help: "The Python file to judge." },
    against: {
      type: "string",
      optional: true,
      help: "With question= and code=: another file; says which of the two is faster.",
    },
    questions: {
      type: "list",
      default: ["leetcode"],
      help: "tests: difficulties, sources and slugs of the questions to check.",
    },
    sandbox: {
      type: "string",
      choices: SANDBOXES,
      default: "auto",
      help:
        "What solutions are kept in: auto takes the strongest that this system has and refuses where " +
        "there is none; limits runs them with your rights, see docs/judging.md.",
    },
  },
  needs: ["python"],
});

await runTask(spec, async ({ subcommand, values, signal, progress, result }) => {
  const { db, question, code, against, questions, sandbox } = values;
  if (subcommand === "tests") {
    const options = { sandbox, signal, onProgress: progress("tests") };
    const report = await checkTests(db, questions, options);
    result(report, testsLines(report));
    return report.unsound.length > 0 ? 1 : 0;
  }
  if (subcommand === "times") {
    const report = await timePairs(db, { sandbox, signal, onProgress: progress("timing") });
    result(report, timesReportLine(report));
    return;
  }
  if ((question === null) !== (code === null)) {
    throw new InputError("question= and code= go together: question=two-sum code=solution.py");
  }
  if (against !== null && code === null) {
    throw new InputError("against= goes with question= and code=, the file to compare it with");
  }
  if (question !== null && code !== null && against !== null) {
    const comparison = await timeFiles(db, question, code, against, sandbox, signal);
    result(comparison, timesLine(comparison, code, against));
  } else if (question !== null && code !== null) {
    const judgement = await judgeFile(db, question, code, sandbox);
    result(judgement, judgedFileLine(judgement));
  } else {
    const report = await judgeGenerations(db, {
      sandbox,
      signal,
      onProgress: progress("judging"),
    });
    result(report, judgedLine(report));
  }
});
