/** Each loss against values worked out by hand from its paper's equation. */
import assert from "node:assert/strict";
import { ktoLoss, type LossOptions, PAIR_LOSSES, pairLoss, sftLoss } from "@/lib/losses/mod.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/**
 * Two pairs. Log-ratios of policy and reference: 1 and 0 of the chosen, −1 and 1 of the rejected responses; so the
 * policy prefers chosen to rejected by h = 2 and −1 more than the reference does.
 */
const batch = {
  policyChosenLogps: tf.tensor1d([-10, -20]),
  policyRejectedLogps: tf.tensor1d([-12, -19]),
  referenceChosenLogps: tf.tensor1d([-11, -20]),
  referenceRejectedLogps: tf.tensor1d([-11, -20]),
  chosenLengths: tf.tensor1d([2, 5]),
  rejectedLengths: tf.tensor1d([4, 4]),
  chosenTextLogps: tf.tensor1d([-15, -30]),
  chosenTextLengths: tf.tensor1d([4, 5]),
  mismatchedRatios: tf.tensor1d([0, 1]),
};
const close = (tensor: tf.Tensor, expected: number[]) =>
  tensor.dataSync().forEach((value, i) =>
    assert.ok(
      Math.abs(value - expected[i]) < 1e-6 * Math.max(1, Math.abs(expected[i])),
      `${value}, ${expected[i]}`,
    )
  );
/** −log σ(x) and σ(x) */
const nls = (x: number) => Math.log1p(Math.exp(-x));
const sigma = (x: number) => 1 / (1 + Math.exp(-x));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

type Name = keyof typeof PAIR_LOSSES;
const losses = (name: Name, options: LossOptions) => pairLoss(batch, { name, ...options }).losses;

const BY_HAND: [what: string, name: Name, options: LossOptions, expected: number[]][] = [
  ["sigmoid DPO: −log σ(β·h)", "dpo", { beta: 0.5 }, [nls(1), nls(-0.5)]],
  [
    "conservative DPO: label smoothing mixes in the loss of the opposite label",
    "dpo",
    { beta: 0.5, labelSmoothing: 0.1 },
    [0.9 * nls(1) + 0.1 * nls(-1), 0.9 * nls(-0.5) + 0.1 * nls(0.5)],
  ],
  [
    "reference-free DPO looks at the policy alone, which prefers by 2 and −1 too",
    "dpo",
    { beta: 1, referenceFree: true },
    [nls(2), nls(-1)],
  ],
  ["hinge: max(0, 1 − β·h)", "hinge", { beta: 0.75 }, [0, 1.75]],
  ["IPO: (h − 1/(2β))²", "ipo", { beta: 0.5 }, [1, 4]],
  [
    "IPO of means: log-ratios per token are ½ and −¼, 0 and ¼",
    "ipo",
    { beta: 0.5, averageLogProb: true },
    [(0.75 - 1) ** 2, (-0.25 - 1) ** 2],
  ],
  [
    "EXO: KL of σ(±β·h) and (1 − ε, ε)",
    "exo_pair",
    { beta: 0.5, labelSmoothing: 0.25 },
    [1, -0.5].map((z) =>
      sigma(z) * Math.log(sigma(z) / 0.75) + sigma(-z) * Math.log(sigma(-z) / 0.25)
    ),
  ],
  [
    "NCA: −log σ(r_w) − ½·log σ(−r_w) − ½·log σ(−r_l)",
    "nca_pair",
    { beta: 0.5 },
    [
      nls(0.5) + 0.5 * nls(-0.5) + 0.5 * nls(0.5),
      nls(0) + 0.5 * nls(0) + 0.5 * nls(-0.5),
    ],
  ],
  [
    "robust DPO: the opposite label's loss is taken away and the rest scaled",
    "robust",
    { beta: 0.5, labelSmoothing: 0.1 },
    [(0.9 * nls(1) - 0.1 * nls(-1)) / 0.8, (0.9 * nls(-0.5) - 0.1 * nls(0.5)) / 0.8],
  ],
  ["BCO: −log σ(r_w) − log σ(−r_l)", "bco_pair", { beta: 0.5 }, [2 * nls(0.5), nls(0) + nls(-0.5)]],
  ["SPPO: (a_w − 1/(2β))² + (a_l + 1/(2β))²", "sppo_hard", { beta: 0.5 }, [0, 1 + 4]],
  [
    // Policy prefers by 2 and −1, reference by 0 and 0: ranks 2 − 0 and −1 − 0.
    "AOT compares the batch's sorted preferences",
    "aot",
    { beta: 0.5 },
    [nls(1), nls(-0.5)],
  ],
  [
    // Chosen 1, 0; rejected 1, −1: ranks 1 − 1 and 0 − (−1).
    "unpaired AOT compares sorted log-ratios",
    "aot_unpaired",
    { beta: 0.5 },
    [nls(0), nls(0.5)],
  ],
  [
    "APO-zero: 1 − σ(r_w) + σ(r_l)",
    "apo_zero",
    { beta: 0.5 },
    [1 - sigma(0.5) + sigma(-0.5), 1 - sigma(0) + sigma(0.5)],
  ],
  [
    "APO-down: σ(r_w) + 1 − σ(r_w − r_l)",
    "apo_down",
    { beta: 0.5 },
    [sigma(0.5) + 1 - sigma(1), sigma(0) + 1 - sigma(-0.5)],
  ],
  [
    "DiscoPOP: logistic and exponential loss, mixed by σ(β·h/τ)",
    "discopop",
    { beta: 0.5, discopopTau: 0.5 },
    [1, -0.5].map((z) => (1 - sigma(2 * z)) * nls(z) + sigma(2 * z) * Math.exp(-z)),
  ],
  ["length-normalised DPO: log-ratios per token", "sigmoid_norm", { beta: 2 }, [
    nls(1.5),
    nls(-0.5),
  ]],
  [
    "KTO of pairs: both responses against the mean mismatched log-ratio",
    "kto",
    { beta: 0.5, desirableWeight: 2 },
    [[1, -1], [0, 1]].map(([w, l]) =>
      (2 * (1 - sigma(0.5 * (w - 0.5))) + 1 - sigma(0.5 * (0.5 - l))) / 2
    ),
  ],
  [
    // Mean log-probs −5 and −3, −4 and −4¾.
    "SimPO: −log σ(β·(p̄_w − p̄_l) − γ)",
    "simpo",
    { beta: 2, gamma: 0.5 },
    [nls(-4 - 0.5), nls(1.5 - 0.5)],
  ],
  [
    "ORPO: likelihood of a token of the texts, and log odds of mean probabilities",
    "orpo",
    { beta: 0.5 },
    [[-5, -3], [-4, -4.75]].map(([w, l]) => {
      const logOdds = (logp: number) => logp - Math.log(1 - Math.exp(logp));
      return 45 / 9 + 0.5 * nls(logOdds(w) - logOdds(l));
    }),
  ],
  [
    "forward KL: scores 1 − 1/u",
    "dpo",
    { beta: 0.5, divergence: "forward_kl" },
    [nls(0.5 * (Math.E - 1 / Math.E)), nls(0.5 * (1 / Math.E - 1))],
  ],
  [
    "Jensen–Shannon: scores log 2u/(u + 1)",
    "dpo",
    { beta: 0.5, divergence: "js" },
    [nls(0.5 * (nls(-1) - nls(1))), nls(0.5 * (nls(1) - nls(0)))],
  ],
  [
    "α-divergence at 2: scores u − 1",
    "dpo",
    { beta: 0.5, divergence: "alpha", divergenceAlpha: 2 },
    [nls(0.5 * (Math.E - 1 / Math.E)), nls(0.5 * (1 - Math.E))],
  ],
  [
    "α-divergence at 1 is reverse KL",
    "dpo",
    { beta: 0.5, divergence: "alpha", divergenceAlpha: 1 },
    [nls(1), nls(-0.5)],
  ],
];
for (const [what, name, options, expected] of BY_HAND) {
  Deno.test(what, () => close(losses(name, options), expected));
}

Deno.test("every pair loss has a value worked out by hand", () => {
  const checked = new Set(BY_HAND.map(([, name]) => name));
  assert.deepEqual(Object.keys(PAIR_LOSSES).filter((name) => !checked.has(name as Name)), []);
});

Deno.test("rewards are β times the log-ratios, or without a reference β times the mean log-prob", () => {
  const dpo = pairLoss(batch, { name: "dpo", beta: 0.5 });
  close(dpo.chosenRewards, [0.5, 0]);
  close(dpo.rejectedRewards, [-0.5, 0.5]);
  const simpo = pairLoss(batch, { name: "simpo", beta: 2 });
  close(simpo.chosenRewards, [-10, -8]);
  close(simpo.rejectedRewards, [-6, -9.5]);
});

Deno.test("terms are added with their weights; SFT's is the mean over the batch's chosen tokens", () => {
  const plus = [{ name: "sft", weight: 0.5 }, { name: "hinge", weight: 2 }] as const;
  const { losses } = pairLoss(batch, { name: "dpo", weight: 3, plus, beta: 0.75 });
  const sft = 30 / 7;
  close(losses, [3 * nls(1.5) + 0.5 * sft + 2 * 0, 3 * nls(-0.75) + 0.5 * sft + 2 * 1.75]);
});

Deno.test("WPO weighs a pair by the likelihood of its responses under the policy, without a gradient", () => {
  const alignments = {
    chosenAlignment: tf.tensor1d([-1, 0]),
    rejectedAlignment: tf.tensor1d([-0.5, 0]),
  };
  const { losses } = pairLoss({ ...batch, ...alignments }, { name: "dpo", beta: 0.5, wpo: true });
  close(losses, [Math.exp(-1.5) * nls(1), nls(-0.5)]);
});

Deno.test("KTO: desirable and undesirable examples against the mean mismatched log-ratio", () => {
  const ratios = tf.tensor1d([1, -2]), desirable = tf.tensor1d([1, 0]);
  const options = { beta: 0.5, desirableWeight: 2, undesirableWeight: 3 };
  close(
    ktoLoss(ratios, desirable, tf.tensor1d([0, 1]), options),
    [2 * (1 - sigma(0.25)), 3 * (1 - sigma(1.25))],
  );
  // A negative estimate of a divergence counts as none.
  close(
    ktoLoss(ratios, desirable, tf.tensor1d([-4, 1]), options),
    [2 * (1 - sigma(0.5)), 3 * (1 - sigma(1))],
  );
});

Deno.test("equal models lose ln 2", () => {
  const same = {
    ...batch,
    referenceChosenLogps: batch.policyChosenLogps,
    referenceRejectedLogps: batch.policyRejectedLogps,
  };
  close(pairLoss(same, { name: "dpo", beta: 0.1 }).losses, [Math.LN2, Math.LN2]);
});

Deno.test("SFT: the negative log-prob, summed or a token's mean", () => {
  close(sftLoss(batch.policyChosenLogps), [10, 20]);
  close(sftLoss(batch.policyChosenLogps, batch.chosenLengths), [5, 4]);
});

Deno.test("the gradient of DPO with respect to the chosen log-prob is −β·σ(−β·h)", () => {
  const gradient = tf.grad((chosen: tf.Tensor) =>
    tf.sum(
      pairLoss({ ...batch, policyChosenLogps: chosen as tf.Tensor1D }, { name: "dpo", beta: 0.5 })
        .losses,
    )
  )(batch.policyChosenLogps);
  close(gradient, [-0.5 * sigma(-1), -0.5 * sigma(0.5)]);
});

Deno.test("log-ratios of thousands stay finite in every loss but those that square or exponentiate them", () => {
  const far = { ...batch, policyChosenLogps: tf.tensor1d([-1e4, -1]) };
  for (const name of Object.keys(PAIR_LOSSES) as Name[]) {
    if (name === "discopop") continue;
    const { losses } = pairLoss(far, { name, beta: 1, labelSmoothing: 0.1 });
    assert.ok(losses.dataSync().every(Number.isFinite), name);
  }
});

Deno.test("EXO without smoothing and robust DPO with half of the labels wrong are refused", () => {
  assert.throws(() => losses("exo_pair", { beta: 0.5 }), RangeError);
  assert.throws(() => losses("robust", { beta: 0.5, labelSmoothing: 0.5 }), RangeError);
});

Deno.test("AOT's mean does not depend on the order of the pairs", () => {
  const flipped = Object.fromEntries(
    Object.entries(batch).map(([name, values]) => [name, tf.reverse(values)]),
  ) as typeof batch;
  for (const name of ["aot", "aot_unpaired"] as const) {
    const value = (b: typeof batch) =>
      mean([...pairLoss(b, { name, beta: 0.5 }).losses.dataSync()]);
    assert.ok(Math.abs(value(batch) - value(flipped)) < 1e-6);
  }
});
