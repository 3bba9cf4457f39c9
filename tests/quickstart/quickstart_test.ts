import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { importHumaneval } from "@/lib/questions/humaneval.ts";
import { selectQuestions } from "@/lib/questions/select.ts";
import type { QuickstartResult } from "@/lib/quickstart/quickstart.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { withStore } from "@/lib/store/store.ts";

const SEEDED = 6;

/** Answers that fail their tests, so that the labels do not hang on what a small model says in a few tokens. */
async function seedFailingAnswers(db: string): Promise<void> {
  await withStore(db, async (store) => {
    await importHumaneval(store);
    const questions = await selectQuestions(store, { names: ["humaneval"], limit: SEEDED });
    await store.insert(
      "generations",
      questions.map(({ slug, entry_point }) => ({
        id: `seeded-${slug}`,
        request_key: `seeded-${slug}`,
        variant: 0,
        slug,
        prompt: "seeded",
        options: {},
        model: "seeded",
        model_digest: "0",
        provider: "embedded",
        raw_text: "",
        code: `def ${entry_point}(*arguments):\n    return None\n`,
        status: "ok",
        done_reason: "stop",
        prompt_tokens: 1,
        completion_tokens: 1,
        milliseconds: 1,
      })),
    );
  });
}

function quickstart(folder: string): Deno.Command {
  const settings = [
    ...[
      "n=1",
      "answers=2",
      `min_pairs=${SEEDED}`,
      "pair_tokens=8",
      "answer_tokens=8",
      "batch_size=2",
    ],
    ...["generator=smollm2", `db=${folder}/loop.duckdb`, `out=${folder}/run`, "json=true"],
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT_ROOT, "lib", "cli", "quickstart.ts"), ...settings],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

async function finish(folder: string): Promise<{ result: QuickstartResult; err: string }> {
  const { code, stdout, stderr } = await quickstart(folder).output();
  const err = new TextDecoder().decode(stderr);
  assert.equal(code, 0, err);
  return { result: JSON.parse(new TextDecoder().decode(stdout)), err };
}

/** Starts the quickstart and kills it without warning when it says that training has begun. */
async function killDuringTraining(folder: string): Promise<void> {
  const child = quickstart(folder).spawn();
  let err = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    err += text;
    if (err.includes("training in ")) break;
  }
  child.kill("SIGKILL");
  await child.stdout.cancel();
  await child.status;
  assert.match(err, /\[7\/8\]/);
}

async function rowCounts(db: string): Promise<Record<string, number>> {
  return await withStore(db, async (store) => {
    const counts: Record<string, number> = {};
    for (
      const table of [
        "questions",
        "generations",
        "pairs",
        "judgements",
        "labels",
        "dataset_revisions",
      ]
    ) {
      counts[table] = (await store.row<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))!.n;
    }
    return counts;
  });
}

Deno.test("quickstart: the whole loop, killed in the middle of training, goes on and doubles nothing", async () => {
  const folder = await Deno.makeTempDir();
  const db = `${folder}/loop.duckdb`;
  try {
    await seedFailingAnswers(db);
    await killDuringTraining(folder);
    const { result, err } = await finish(folder);

    for (let step = 1; step <= 8; step++) assert.match(err, new RegExp(`^\\[${step}/8\\] `, "m"));
    assert.ok(existsSync(join(result.checkpoint, "model.safetensors")));
    assert.ok(existsSync(join(result.dataset, "README.md")));
    const report = await Deno.readTextFile(result.report);
    assert.match(report, /A demonstration, not evidence/);
    assert.match(report, /<svg/);
    assert.equal(result.nextCommands.length, 3);

    const counts = await rowCounts(db);
    assert.ok(counts.labels >= SEEDED);
    const evaluation = await withStore(db, (store) =>
      store.row<{ n: number }>(
        `SELECT count(*) AS n FROM pairs JOIN questions USING (slug) WHERE split = 'evaluation'`,
      ));
    assert.equal(evaluation!.n, 0);

    const again = await finish(folder);
    assert.deepEqual(again.result.runs, result.runs);
    assert.deepEqual(await rowCounts(db), counts);
    const runs = [...Deno.readDirSync(`${folder}/run`)].map(({ name }) => name).filter((name) =>
      /^(sft|dpo)-/.test(name)
    );
    assert.equal(runs.length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
