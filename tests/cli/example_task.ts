/** A small task, run as a child process by the tests of the command line. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { InputError, OperationError } from "@/lib/errors.ts";

const spec = defineTask({
  name: "example",
  summary: "Does what the tests need.",
  examples: ["deno task example mode=good"],
  keys: {
    mode: {
      type: "string",
      default: "good",
      help: "what to do",
      choices: [
        "good",
        "input",
        "operation",
        "bug",
        "rejection",
        "space",
        "wait",
        "stuck",
        "progress",
      ],
    },
  },
});

await runTask(spec, async (task) => {
  switch (task.values.mode) {
    case "good":
      task.log("for people");
      return task.result({ answer: 42 }, "The answer is 42.");
    case "input":
      throw new InputError("The file questions.jsonl has no line 7.");
    case "operation":
      throw new OperationError("Port 8000 is in use.");
    case "bug":
      throw new TypeError("undefined is not a function");
    case "rejection":
      Promise.reject(new TypeError("nobody waited"));
      return await new Promise((resolve) => setTimeout(resolve, 10_000));
    case "space":
      throw new Error("No space left on device (os error 28): write 'data/x'");
    case "wait":
    case "stuck": {
      const timer = setInterval(() => {}, 1000);
      task.log("ready");
      const aborted = new Promise<void>((done) =>
        task.signal.addEventListener("abort", () => done())
      );
      await aborted;
      if (task.values.mode === "stuck") await new Promise(() => {});
      return clearInterval(timer);
    }
    case "progress": {
      const show = task.progress("work");
      for (let i = 0; i <= 10; i++) show(i, 10, "note");
      return;
    }
  }
});
