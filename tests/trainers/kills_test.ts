/** A run that is killed again and again, at moments of all kinds, ends as the run that was left alone. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { verifyCheckpoint } from "@/lib/trainers/checkpoint.ts";
import { saveTinyModel } from "./tiny-model.ts";
import { tinyRun } from "./tiny-run.ts";
import { type Seen, trainProcess } from "./train-process.ts";

/** How often; `CODEPREF_KILLS=50` is the whole check. */
const KILLS = Number(Deno.env.get("CODEPREF_KILLS") ?? 16), UPDATES = 100, BATCH = 2;

const name = (file = "") => basename(file);
/** True at the n-th time that a predicate is. */
function nth(n: number, matches: (seen: Seen) => boolean): (seen: Seen) => boolean {
  let count = 0;
  return (seen) => matches(seen) && ++count === n;
}
const saved = ({ line }: Seen) => Boolean(line?.includes("saved "));
const trained = ({ result }: Pick<Seen, "result">) => result?.["loss/train"] !== undefined;

/** Anew for each process: what it has to be seen doing. */
const MOMENTS: (() => (seen: Seen) => boolean)[] = [
  () => nth(1, saved),
  () => nth(1, trained),
  () => nth(1, ({ file }) => /^\.step-\d+\.partial$/.test(name(file))),
  () => nth(1, ({ file }) => /^step-\d+$/.test(name(file))),
  () => nth(1, ({ file }) => name(file) === ".LATEST.partial"),
  () => nth(3, saved),
  () => nth(2, trained),
  () => nth(1, ({ result }) => result?.["loss/eval"] !== undefined),
];

Deno.test("killed again and again: the same weights, no step back past an accepted checkpoint, little done twice", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await saveTinyModel(join(folder, "tiny"));
    const settings = {
      ...tinyRun(folder),
      test_fraction: 0.1,
      layout: "packed",
      batch_size: BATCH,
      eval_batch_size: 4,
      n_examples: UPDATES * BATCH,
      eval_every: 6,
      save_every: BATCH,
    };
    const whole = await trainProcess({ ...settings, local_run_dir: join(folder, "whole") });
    assert.equal(whole.code, 0, whole.stderr);

    const run = join(folder, "broken"),
      broken = { ...settings, local_run_dir: run, resume: "latest" };
    await Deno.mkdir(run);
    let accepted = 0, work = 0, fromStart = 0;
    const account = (results: Record<string, unknown>[], stderr: string) => {
      const start = Number(/resumed from .*step-(\d+) /.exec(stderr)?.[1] ?? 0);
      assert.ok(start >= accepted, `went on from ${start}, although ${accepted} was accepted`);
      fromStart += Number(start === 0);
      work += results.filter((result) => trained({ result })).length;
    };
    for (let kill = 0; kill < KILLS; kill++) {
      const moment = MOMENTS[kill % MOMENTS.length]();
      const { signal, stderr, results } = await trainProcess(broken, moment, run);
      assert.equal(signal, "SIGKILL", `kill ${kill}: ${stderr}`);
      account(results, stderr);
      const latest = await Deno.realPath(join(run, "LATEST")).catch(() => null);
      // What LATEST points at is whole, whenever the process ended.
      if (latest) accepted = (await verifyCheckpoint(latest)).examples;
    }
    const last = await trainProcess(broken);
    assert.equal(last.code, 0, last.stderr);
    account(last.results, last.stderr);
    assert.ok(fromStart <= 0.2 * KILLS, `${fromStart} of ${KILLS} resumes began anew`);
    assert.ok(work < 1.5 * UPDATES, `${work} updates were made for ${UPDATES}`);
    for (const file of ["policy/model.safetensors", "optimizer.safetensors"]) {
      const [found, wanted] = await Promise.all(
        [run, join(folder, "whole")].map(async (run) =>
          createHash("sha256").update(await Deno.readFile(join(run, "LATEST", file))).digest("hex")
        ),
      );
      assert.equal(found, wanted, file);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
