/** `deno task test`: sets up what the tests need, then runs them. */
import { defineTask, runTask } from "@/lib/cli/core/task.ts";
import { checkOracles } from "@/lib/quality/oracles.ts";
import { countsLine, runTests, testPaths } from "@/lib/quality/tests.ts";
import { ensureChromium } from "@/lib/setup/chromium.ts";
import { ensureSetup } from "@/lib/setup/ensure.ts";
import { ensureOllamaForTests } from "@/lib/setup/ollama-server.ts";
import { ensureWandb } from "@/lib/setup/wandb.ts";

const spec = defineTask({
  name: "test",
  summary:
    "Runs the tests on the real parts (DuckDB, TensorFlow, the small model, Chromium, Jupyter). What is missing\n" +
    "is installed first; the tests themselves use this machine alone.",
  examples: ["deno task test", "deno task test web models", "deno task test oracles=true"],
  positionals: {
    name: "part",
    help: "a folder of tests or a part of a test file's name; default: all",
  },
  keys: {
    oracles: {
      type: "boolean",
      default: false,
      help:
        "also compute the goldens again with PyTorch (several GB, in .venv-oracles) and compare",
    },
  },
});

await runTask(spec, async (task) => {
  const paths = testPaths(task.positionals);
  await ensureSetup(["python", "kernel", "modules", "tests"], task.progress("set-up"), {
    signal: task.signal,
  });
  await ensureChromium(task.progress("Chromium"));
  await ensureWandb(task.progress("Weights & Biases"), task.signal);
  if (paths.some((path) => path === "tests" || path.startsWith("tests/generation"))) {
    await ensureOllamaForTests(task.log);
  }
  const output = task.values.json ? Deno.stderr : Deno.stdout;
  const write = (chunk: Uint8Array) => {
    for (let at = 0; at < chunk.length;) at += output.writeSync(chunk.subarray(at));
  };
  const counts = await runTests(paths, write, { color: output.isTerminal() });
  task.signal.throwIfAborted();
  if (task.values.oracles) {
    const agree = await checkOracles(task.progress("PyTorch"), task.log, task.signal);
    counts[agree ? "passed" : "failed"]++;
  }
  task.result(counts, countsLine(counts));
  return counts.failed > 0 ? 1 : 0;
});
