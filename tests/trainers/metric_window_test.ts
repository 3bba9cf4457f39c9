/** Lines of metrics are as far apart as is asked for, and leave no update out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { trainProcess } from "./train-process.ts";
import { metric } from "./worker-runs.ts";

Deno.test("updates between two lines are in the second one's means; a save and the end do not wait for it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const losses = async (name: string, seconds: number) => {
      const { code, stderr, results } = await trainProcess({
        ...tinyRun(folder),
        ...{ n_examples: 10, save_every: 6, do_first_eval: false, n_eval_examples: 0 },
        ...{ minimum_log_interval_secs: seconds, local_run_dir: join(folder, name) },
      });
      assert.equal(code, 0, stderr);
      return metric({ results }, "loss/train");
    };
    const each = await losses("each", 0), few = await losses("few", 3600);
    assert.deepEqual([...each.keys()], [2, 4, 6, 8, 10]);
    assert.deepEqual([...few.keys()], [2, 6, 10]);
    const mean = (...at: number[]) => at.reduce((sum, n) => sum + each.get(n)!, 0) / at.length;
    for (const [at, wanted] of [[2, mean(2)], [6, mean(4, 6)], [10, mean(8, 10)]]) {
      assert.ok(Math.abs(few.get(at)! - wanted) < 1e-6, `after ${at} examples`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
