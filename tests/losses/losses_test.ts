/** Each loss against values worked out by hand from its paper's equation. */
import assert from "node:assert/strict";
import { dpoLoss, ipoLoss, sftLoss } from "@/lib/losses/mod.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

const logps = {
  policyChosenLogps: tf.tensor1d([-10, -20]),
  policyRejectedLogps: tf.tensor1d([-12, -19]),
  referenceChosenLogps: tf.tensor1d([-11, -20]),
  referenceRejectedLogps: tf.tensor1d([-11, -20]),
};
const close = (tensor: tf.Tensor, expected: number[]) =>
  tensor.dataSync().forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-6, `${value}, ${expected[i]}`)
  );
/** −log σ(x) */
const nls = (x: number) => Math.log1p(Math.exp(-x));

Deno.test("sigmoid DPO: −log σ(β·h), h = 2 and −1", () => {
  const { losses, chosenRewards, rejectedRewards } = dpoLoss(logps, { beta: 0.5 });
  close(losses, [nls(1), nls(-0.5)]);
  close(chosenRewards, [0.5, 0]);
  close(rejectedRewards, [-0.5, 0.5]);
});

Deno.test("label smoothing mixes in the loss of the opposite label", () => {
  const { losses } = dpoLoss(logps, { beta: 0.5, labelSmoothing: 0.1 });
  close(losses, [0.9 * nls(1) + 0.1 * nls(-1), 0.9 * nls(-0.5) + 0.1 * nls(0.5)]);
});

Deno.test("reference-free DPO looks at the policy alone", () => {
  const shifted = { ...logps, referenceChosenLogps: tf.tensor1d([-3, -4]) };
  close(dpoLoss(shifted, { beta: 0.5, referenceFree: true }).losses, [nls(1), nls(-0.5)]);
});

Deno.test("equal models lose ln 2", () => {
  const same = {
    ...logps,
    referenceChosenLogps: logps.policyChosenLogps,
    referenceRejectedLogps: logps.policyRejectedLogps,
  };
  close(dpoLoss(same, { beta: 0.1 }).losses, [Math.LN2, Math.LN2]);
});

Deno.test("IPO: (h − 1/(2β))²", () => {
  close(ipoLoss(logps, { beta: 0.5 }).losses, [(2 - 1) ** 2, (-1 - 1) ** 2]);
});

Deno.test("SFT: the negative log-prob", () => close(sftLoss(logps.policyChosenLogps), [10, 20]));

Deno.test("the gradient of DPO with respect to the chosen log-prob is −β·σ(−β·h)", () => {
  const gradient = tf.grad((chosen: tf.Tensor) =>
    tf.sum(dpoLoss({ ...logps, policyChosenLogps: chosen as tf.Tensor1D }, { beta: 0.5 }).losses)
  )(logps.policyChosenLogps);
  close(gradient, [-0.5 / (1 + Math.exp(1)), -0.5 / (1 + Math.exp(-0.5))]);
});

Deno.test("log-ratios of thousands stay finite", () => {
  const far = { ...logps, policyChosenLogps: tf.tensor1d([-1e4, 1e4]) };
  const losses = dpoLoss(far, { beta: 1 }).losses.dataSync();
  assert.ok(losses.every(Number.isFinite));
});
