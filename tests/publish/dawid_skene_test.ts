/** Majority and model equal tests/oracles/oracle_dawid_skene.py, and find out who does not look. */
import assert from "node:assert/strict";
import { fractionOf } from "@/lib/datasets/order.ts";
import { dawidSkene, type Votes } from "@/lib/publish/dawid-skene.ts";
import { decideByModel } from "@/lib/publish/decide-by-model.ts";
import { decideByMajority } from "@/lib/publish/majority.ts";
import { CHOICES, collectVotes } from "@/lib/publish/votes.ts";
import { type Store, withStore } from "@/lib/store/store.ts";
import { label, withDatabase } from "@/tests/datasets/database.ts";

interface Run {
  votes: [number[], number[], number[]];
  counts: [number, number, number];
  truth: number[];
  iterations: number;
  posteriors: number[][];
  priors: number[];
  answers: number[][][];
  majority: number[];
}

const golden: { runs: Record<string, Run> } = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/oracles/dawid_skene.json", import.meta.url)),
);

const votesOf = ({ votes: [items, labelers, answers], counts }: Run): Votes => ({
  items: Uint32Array.from(items),
  labelers: Uint32Array.from(labelers),
  answers: Uint8Array.from(answers),
  itemCount: counts[0],
  labelerCount: counts[1],
  classCount: counts[2],
});

function near(found: Float64Array, wanted: number[], what: string): void {
  assert.equal(found.length, wanted.length, what);
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - wanted[i]) < 1e-7, `${what} ${i}: ${value}, not ${wanted[i]}`)
  );
}

/** The decisions on a golden's votes, by item; -1 where there is none. */
async function decisions(
  run: Run,
  decide: (store: Store) => Promise<void>,
): Promise<{ outcomes: number[]; agreement: number[] }> {
  const found = { outcomes: [] as number[], agreement: [] as number[] };
  await withDatabase(({ db }) =>
    withStore(db, async (store) => {
      const [items, labelers, answers] = run.votes;
      const name = (item: number) => `pair-${String(item).padStart(4, "0")}`;
      await store.insert(
        "labels",
        items.map((item, v) =>
          label(name(item), `labeler-${String(labelers[v]).padStart(3, "0")}`, CHOICES[answers[v]])
        ).reverse(),
      );
      await collectVotes(store);
      await decide(store);
      const rows = await store.rows<{ outcome: string | null; agreement: number }>(
        "SELECT outcome, agreement FROM decisions ORDER BY pair",
      );
      found.outcomes = rows.map(({ outcome }) => CHOICES.findIndex((choice) => choice === outcome));
      found.agreement = rows.map(({ agreement }) => agreement);
    })
  );
  return found;
}

for (const [name, run] of Object.entries(golden.runs)) {
  Deno.test(`the model equals NumPy's: ${name}`, () => {
    const options = { maxIterations: run.iterations, tolerance: 0 };
    const { posteriors_IK, priors_K, answers_LAK } = dawidSkene(votesOf(run), options);
    near(posteriors_IK, run.posteriors.flat(), "posterior");
    near(priors_K, run.priors, "prior");
    near(answers_LAK, run.answers.flat(2), "answer");
  });

  Deno.test(`the database's majority equals NumPy's: ${name}`, async () => {
    const { outcomes } = await decisions(run, decideByMajority);
    assert.deepEqual(outcomes, run.majority);
  });

  Deno.test(`the database's decisions are the model's: ${name}`, async () => {
    const K = CHOICES.length;
    const { posteriors_IK } = dawidSkene({ ...votesOf(run), classCount: K });
    const { outcomes, agreement } = await decisions(run, decideByModel);
    outcomes.forEach((outcome, i) => {
      const posteriors = [...posteriors_IK.subarray(i * K, (i + 1) * K)];
      const best = Math.max(...posteriors);
      assert.ok(Math.abs(agreement[i] - best) < 1e-12);
      if (outcome >= 0) assert.equal(posteriors[outcome], best);
      else assert.ok(posteriors.filter((posterior) => posterior > best - 1e-6).length > 1);
    });
  });
}

Deno.test("labelers who always give one answer lose their weight, against a majority of them", () => {
  // Three look and are right nine times of ten; four never look.
  const items = 200, labelers = 7, rows: [number, number, number][] = [];
  for (let i = 0; i < items; i++) {
    const truth = (i * 7) % 3 === 0 ? 1 : 0;
    for (let l = 0; l < labelers; l++) {
      rows.push([i, l, l < 3 ? ((i * 3 + l * 4) % 10 === 0 ? 1 - truth : truth) : 0]);
    }
  }
  const [item, labeler, answer] = [0, 1, 2].map((c) => rows.map((row) => row[c]));
  const run = { votes: [item, labeler, answer], counts: [items, labelers, 2] } as unknown as Run;
  const { posteriors_IK, answers_LAK } = dawidSkene(votesOf(run));
  let right = 0, byMajority = 0;
  for (let i = 0; i < items; i++) {
    const truth = (i * 7) % 3 === 0 ? 1 : 0;
    right += Number(posteriors_IK[2 * i + truth] > 0.5);
    byMajority += Number(truth === 0);
  }
  assert.ok(right > 0.97 * items, `${right} of ${items} are right`);
  assert.ok(byMajority < 0.7 * items, "the majority follows those who never look");
  for (let l = 3; l < labelers; l++) {
    const of = (a: number, k: number) => answers_LAK[(l * 2 + a) * 2 + k];
    assert.ok(Math.abs(of(0, 0) - of(0, 1)) < 1e-6, "what they say tells nothing of the item");
  }
});

Deno.test("whoever takes the left side is outvoted by those who read", async () => {
  // Every showing has its own sides, so that the left one is version1 by chance.
  const pairs = 200, rows: ReturnType<typeof label>[] = [];
  const truth = (i: number) => fractionOf(`truth ${i}`) < 0.4 ? "version1" : "version2";
  for (let i = 0; i < pairs; i++) {
    const pair = `pair-${String(i).padStart(3, "0")}`;
    for (const reader of ["ada", "bob", "cyd"]) {
      const wrong = fractionOf(`${reader} ${i}`) < 0.1;
      const other = truth(i) === "version1" ? "version2" : "version1";
      rows.push(label(pair, reader, wrong ? other : truth(i)));
    }
    for (const lazy of ["left-1", "left-2", "left-3", "left-4"]) {
      const first = fractionOf(`${lazy} ${i}`) < 0.5;
      const side_order = first ? "12" : "21";
      rows.push(label(pair, lazy, first ? "version1" : "version2", { side_order }));
    }
  }
  await withDatabase(({ db }) =>
    withStore(db, async (store) => {
      await store.insert("labels", rows);
      await collectVotes(store);
      const wrong = async (decide: (store: Store) => Promise<void>) => {
        await decide(store);
        const decided = await store.rows<{ outcome: string | null }>(
          "SELECT outcome FROM decisions ORDER BY pair",
        );
        return decided.filter(({ outcome }, i) => outcome !== truth(i)).length;
      };
      const [majority, model] = [await wrong(decideByMajority), await wrong(decideByModel)];
      assert.ok(model <= 0.05 * pairs, `the model is wrong on ${model} of ${pairs} pairs`);
      assert.ok(majority >= 3 * model, `the majority on ${majority}`);
    })
  );
});
