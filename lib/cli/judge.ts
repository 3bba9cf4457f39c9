/** `deno task judge`: unit tests on one file, or on every generation that was not judged yet. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError } from "@/lib/errors.ts";
import { judgeFile } from "@/lib/judging/judge-file.ts";
import { judgeGenerations } from "@/lib/judging/judge-generations.ts";
import { judgedFileLine, judgedLine } from "@/lib/judging/judged-lines.ts";

const spec = defineTask({
  name: "judge",
  summary: "Run the questions' unit tests on solutions, in processes of their own.",
  examples: [
    "deno task judge",
    "deno task judge question=two-sum code=solution.py json=true",
  ],
  keys: {
    db: { type: "string", default: "data/codepref.duckdb", help: "The database." },
    question: {
      type: "string",
      optional: true,
      help: "The slug of the question to judge a file on.",
    },
    code: { type: "string", optional: true, help: "The Python file to judge." },
  },
  needs: ["python"],
});

await runTask(spec, async ({ values, signal, progress, result }) => {
  const { db, question, code } = values;
  if ((question === null) !== (code === null)) {
    throw new InputError("question= and code= go together: question=two-sum code=solution.py");
  }
  if (question !== null && code !== null) {
    const judgement = await judgeFile(db, question, code);
    result(judgement, judgedFileLine(judgement));
  } else {
    const report = await judgeGenerations(db, { signal, onProgress: progress("judging") });
    result(report, judgedLine(report));
  }
});
