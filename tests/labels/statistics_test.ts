/** Statistics of labels against krippendorff, scipy, statsmodels and scikit-learn. */
import assert from "node:assert/strict";
import golden from "@/tests/fixtures/oracles/statistics.json" with { type: "json" };
import { fairCoinTest } from "@/lib/labels/statistics/binomial-test.ts";
import { percentileInterval, resampled } from "@/lib/labels/statistics/bootstrap.ts";
import { bradleyTerry, type DuelTally } from "@/lib/labels/statistics/bradley-terry.ts";
import { cohenKappa } from "@/lib/labels/statistics/cohen-kappa.ts";
import { proportion } from "@/lib/labels/statistics/estimate.ts";
import { krippendorffAlpha } from "@/lib/labels/statistics/krippendorff.ts";
import { lengthBias } from "@/lib/labels/statistics/length-bias.ts";
import { sideBias } from "@/lib/labels/statistics/side-bias.ts";

function close(actual: number | undefined, expected: number, tolerance: number, what: string) {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual} is not within ${tolerance} of ${expected}`,
  );
}

/** Ends of bootstrapped intervals, which depend on the random numbers, relative to the interval's width. */
function closeEnds(
  actual: { low: number; high: number } | null,
  expected: { low: number; high: number },
  what: string,
) {
  const tolerance = Math.max(0.02, 0.1 * (expected.high - expected.low));
  close(actual?.low, expected.low, tolerance, `${what}, lower end`);
  close(actual?.high, expected.high, tolerance, `${what}, upper end`);
}

Deno.test("Krippendorff's alpha is the krippendorff package's, its interval scipy's bootstrap's", () => {
  golden.alpha.forEach(({ counts, alpha, ...interval }, i) => {
    const estimate = krippendorffAlpha(counts.map((counts) => ({ counts, pairs: 1 })));
    close(estimate?.value, alpha, 1e-9, `alpha ${i}`);
    closeEnds(estimate, interval, `alpha ${i}`);
    assert.equal(estimate!.n, counts.length);
  });
});

Deno.test("kinds of pairs give the same alpha as the pairs one by one", () => {
  const [{ counts }] = golden.alpha;
  const kinds = Map.groupBy(counts, (row) => row.join());
  const one = krippendorffAlpha(counts.map((counts) => ({ counts, pairs: 1 })));
  const grouped = krippendorffAlpha(
    [...kinds.values()].map((rows) => ({ counts: rows[0], pairs: rows.length })),
  );
  close(grouped?.value, one!.value, 1e-12, "alpha");
  closeEnds(grouped, one!, "interval");
  assert.equal(grouped!.n, one!.n);
});

Deno.test("alpha is null where nobody shares a pair or all say the same; single labels change nothing", () => {
  assert.equal(krippendorffAlpha([]), null);
  assert.equal(krippendorffAlpha([{ counts: [1, 0], pairs: 9 }]), null);
  assert.equal(krippendorffAlpha([{ counts: [3, 0], pairs: 9 }]), null);
  const shared = [{ counts: [2, 0], pairs: 5 }, { counts: [0, 2], pairs: 5 }, {
    counts: [1, 1],
    pairs: 2,
  }];
  assert.deepEqual(
    krippendorffAlpha([{ counts: [0, 1], pairs: 40 }, ...shared]),
    krippendorffAlpha(shared),
  );
});

Deno.test("Cohen's kappa and its interval are statsmodels'", () => {
  golden.kappa.forEach(({ table, kappa, low, high }, i) => {
    const rows = table.flatMap((row, a) =>
      row.map((count, b) => ({ a: String(a), b: String(b), count }))
    );
    const estimate = cohenKappa(rows.filter(({ count }) => count > 0));
    close(estimate?.value, kappa, 1e-9, `kappa ${i}`);
    close(estimate?.low, low, 1e-9, `kappa ${i}, lower end`);
    close(estimate?.high, high, 1e-9, `kappa ${i}, upper end`);
  });
  assert.equal(cohenKappa([]), null);
  assert.equal(cohenKappa([{ a: "same", b: "same", count: 4 }]), null);
});

Deno.test("proportions have statsmodels' Wilson intervals, the fair coin scipy's exact test", () => {
  for (const { successes, trials, low, high } of golden.wilson) {
    const estimate = proportion(successes, trials);
    close(estimate?.low, low, 1e-9, `${successes} of ${trials}`);
    close(estimate?.high, high, 1e-9, `${successes} of ${trials}`);
  }
  for (const { successes, trials, p } of golden.binomial) {
    close(fairCoinTest(successes, trials) / p, 1, 1e-8, `${successes} of ${trials}`);
    assert.equal(
      sideBias({ left: trials - successes, right: successes })!.p,
      fairCoinTest(successes, trials),
    );
  }
  assert.equal(proportion(0, 0), null);
  assert.equal(sideBias({ left: 0, right: 0 }), null);
});

Deno.test("length bias is bootstrapped over pairs as scipy does", () => {
  golden.length.forEach(({ wins, labels, share, ...interval }, i) => {
    const tallies = wins.map((longer, k) => ({ longer, shorter: labels[k] - longer, pairs: 1 }));
    const estimate = lengthBias(tallies);
    close(estimate?.value, share, 1e-12, `length ${i}`);
    closeEnds(estimate, interval, `length ${i}`);
  });
  assert.equal(lengthBias([{ longer: 0, shorter: 0, pairs: 7 }]), null);
});

const duelsOf = (rows: number[][]): DuelTally[] =>
  rows.map(([first, second, wins, losses, ties]) => ({
    first: `model-${first}`,
    second: `model-${second}`,
    wins,
    losses,
    ties,
    pairs: 1,
  }));

Deno.test("Bradley–Terry strengths are scikit-learn's, with a prior and ties as halves", () => {
  golden.bradley_terry.forEach(({ duels, strengths, low, high }, i) => {
    const found = new Map(bradleyTerry(duelsOf(duels)).map((model) => [model.model, model]));
    strengths.forEach((strength, m) => {
      const model = found.get(`model-${m}`)!;
      close(model.strength.value, strength, 1e-6, `strength ${i}/${m}`);
      if (!low) return;
      closeEnds(model.strength, { low: low[m], high: high[m] }, `strength ${i}/${m}`);
    });
  });
});

Deno.test("models are ranked, their counts add up, and which version is first does not matter", () => {
  const duels = duelsOf(golden.bradley_terry[0].duels);
  const models = bradleyTerry(duels);
  assert.deepEqual(models.map(({ model }) => model), [3, 2, 1, 0].map((i) => `model-${i}`));
  const sum = (of: (model: (typeof models)[number]) => number) =>
    models.reduce((total, model) => total + of(model), 0);
  assert.equal(sum(({ wins }) => wins), sum(({ losses }) => losses));
  close(sum(({ strength }) => strength.value), 0, 1e-9, "sum of strengths");
  close(sum(({ winRate }) => winRate.value), models.length / 2, 1e-9, "sum of win rates");
  const turned = bradleyTerry(
    duels.map((d) => ({
      ...d,
      first: d.second,
      second: d.first,
      wins: d.losses,
      losses: d.wins,
    })),
  );
  models.forEach((model, i) => {
    close(turned[i].strength.value, model.strength.value, 1e-9, model.model);
    assert.equal(turned[i].wins, model.wins);
  });
  assert.deepEqual(bradleyTerry([]), []);
});

Deno.test("resampling draws samples of the same size with the right means, the same from one seed", () => {
  const times = [700, 250, 49, 1];
  const sums = [0, 0, 0, 0];
  for (const drawn of resampled(times, { resamples: 2000, seed: 5 })) {
    assert.equal(drawn.reduce((a, b) => a + b, 0), 1000);
    drawn.forEach((n, k) => sums[k] += n / 2000);
  }
  times.forEach((n, k) => close(sums[k], n, 5 * Math.sqrt(n / 2000), `kind ${k}`));
  const draw = (seed: number) => [...resampled(times, { resamples: 3, seed })].map(String);
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.equal(percentileInterval([1, NaN, NaN]), null);
});
