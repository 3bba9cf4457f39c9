/** The table in docs/losses.md says what the code does. */
import assert from "node:assert/strict";
import { TRAIN_KEYS } from "@/lib/cli/train-keys.ts";
import {
  LOSS_NAMES,
  type LossName,
  type LossOptions,
  type LossSettings,
  needsReference,
  needsWholeBatch,
  PAIR_LOSSES,
  type PairBatch,
  pairLoss,
  takesDivergence,
} from "@/lib/losses/mod.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

interface Row {
  name: LossName;
  paper: string;
  settings: string[];
  reference: boolean;
  wholeBatch: boolean;
}

const text = await Deno.readTextFile(new URL("../../docs/losses.md", import.meta.url));
const yes = (cell: string) => {
  assert.match(cell, /^(yes|no)$/);
  return cell === "yes";
};
const table: Row[] = text.split("\n").filter((line) => line.startsWith("| `")).slice(1)
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
  .map(([name, , paper, settings, reference, wholeBatch]) => ({
    name: name.replaceAll("`", "") as LossName,
    paper: paper.match(/^\[.+ \d{4}\]\(https:\/\/arxiv\.org\/abs\/(\d{4}\.\d{5})\)$/)![1],
    settings: [...settings.matchAll(/`(\w+)`/g)].map(([, key]) => key),
    reference: yes(reference),
    wholeBatch: yes(wholeBatch),
  }));

/** A value of each setting that a single loss reads, other than its default. */
const SETTINGS: Record<string, LossOptions> = {
  beta: { beta: 0.7 },
  label_smoothing: { beta: 0.5, labelSmoothing: 0.2 },
  reference_free: { beta: 0.5, referenceFree: true },
  average_log_prob: { beta: 0.5, averageLogProb: true },
  divergence: { beta: 0.5, divergence: "js" },
  gamma: { beta: 0.5, gamma: 1 },
  discopop_tau: { beta: 0.5, discopopTau: 1 },
  desirable_weight: { beta: 0.5, desirableWeight: 2 },
  undesirable_weight: { beta: 0.5, undesirableWeight: 2 },
};

const batch: PairBatch = {
  // Ranks of policy and reference go against each other, so that sorting is seen.
  policyChosenLogps: tf.tensor1d([-10, -20.5]),
  policyRejectedLogps: tf.tensor1d([-12, -19]),
  referenceChosenLogps: tf.tensor1d([-11, -20]),
  referenceRejectedLogps: tf.tensor1d([-11.2, -20.5]),
  chosenLengths: tf.tensor1d([2, 5]),
  rejectedLengths: tf.tensor1d([4, 4]),
  chosenTextLogps: tf.tensor1d([-15, -30]),
  chosenTextLengths: tf.tensor1d([4, 5]),
  mismatchedRatios: tf.tensor1d([0, 1]),
};
/** The batch's loss. Without smoothing EXO is infinite. */
const lossOf = (name: LossName, options: Partial<LossOptions> = {}, of = batch): number => {
  const smoothed = name === "exo_pair" ? { labelSmoothing: 0.1 } : {};
  const settings: LossSettings = { name, beta: 0.5, ...smoothed, ...options };
  return tf.mean(pairLoss(of, settings).losses).dataSync()[0];
};
const differ = (a: number, b: number) => Math.abs(a - b) > 1e-5;

Deno.test("the table has every loss, and every setting of losses is told of", () => {
  assert.deepEqual(new Set(table.map(({ name }) => name)), new Set(LOSS_NAMES));
  assert.equal(table.length, LOSS_NAMES.length);
  const keys = Object.keys(TRAIN_KEYS).filter((key) => key.startsWith("loss."))
    .map((key) => key.slice("loss.".length));
  const ofAll = ["plus", "weights", "ld_alpha", "wpo", "divergence_alpha"];
  assert.deepEqual(new Set(Object.keys(SETTINGS).concat(ofAll)), new Set(keys));
  for (const key of keys) assert.ok(text.includes(key), `${key} is not told of`);
});

Deno.test("each loss reads the settings that its row names, and no others", () => {
  for (const { name, settings } of table) {
    if (name === "sft") continue;
    for (const [key, options] of Object.entries(SETTINGS)) {
      assert.equal(
        differ(lossOf(name), lossOf(name, options)),
        settings.includes(key),
        `${name}, ${key}`,
      );
    }
  }
});

Deno.test("reference, whole batch and divergences are as the registry says, and as the losses are", () => {
  const others = { ...batch, referenceChosenLogps: tf.tensor1d([-13, -17]) };
  const halves = [0, 1].map((i) =>
    Object.fromEntries(
      Object.entries(batch).map(([key, values]) => [
        key,
        tf.slice(values as tf.Tensor1D, [i], [1]),
      ]),
    ) as unknown as PairBatch
  );
  for (const { name, reference, wholeBatch, settings } of table) {
    const of: LossSettings = { name, beta: 0.5 };
    assert.equal(needsReference(of), reference, name);
    assert.equal(needsWholeBatch(of), wholeBatch, name);
    if (name === "sft") continue;
    assert.equal(takesDivergence(of), settings.includes("divergence"), name);
    assert.equal(differ(lossOf(name), lossOf(name, {}, others)), reference, name);
    const apart = (lossOf(name, {}, halves[0]) + lossOf(name, {}, halves[1])) / 2;
    assert.equal(differ(lossOf(name), apart), wholeBatch, `${name} in parts`);
  }
});

Deno.test("papers are those that the losses' files name", async () => {
  const files: Partial<Record<LossName, string>> = { aot_unpaired: "aot" };
  for (const { name, paper } of table) {
    if (name === "sft") continue;
    const file = files[name] ?? (name.startsWith("apo_") ? "apo" : name.replaceAll("_", "-"));
    const source = await Deno.readTextFile(
      new URL(`../../lib/losses/${file}.ts`, import.meta.url),
    );
    assert.ok(source.includes(`arXiv ${paper}`), `${name}: ${paper}`);
  }
  assert.equal(Object.keys(PAIR_LOSSES).length, table.length - 1);
});
