import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { difficultyBars, verdictBars } from "@/lib/charts/bars.ts";
import {
  alphaFigure,
  consistencyFigure,
  goldFigure,
  kappaFigure,
  lengthBiasFigure,
  paceFigure,
  sideBiasFigure,
  strengthFigure,
  testAgreementFigure,
  timeLineFigure,
} from "@/lib/charts/labels.ts";
import { compareRuns } from "@/lib/charts/compare-runs.ts";
import type { MetricRecord } from "@/lib/charts/metric-lines.ts";
import { ratioBars } from "@/lib/charts/ratios.ts";
import { timeBars } from "@/lib/charts/time-bars.ts";
import {
  gradNorm,
  logpsChosenRejected,
  lossCurve,
  margins,
  rewardAccuracies,
  throughput,
} from "@/lib/charts/training.ts";

/** A small run: four updates, held-out measurements before the first and after the last. */
const RECORDS: MetricRecord[] = [
  {
    examples: 0,
    "loss/eval": 0.6931,
    "rewards_eval/accuracies": 0.5,
    "rewards_eval/margins": 0,
    "logps_eval/chosen": -91.5,
    "logps_eval/rejected": -80.25,
  },
  ...[0.6931, 0.61, 0.52, 0.47].map((loss, i) => ({
    examples: 4 * (i + 1),
    "loss/train": loss,
    "rewards_train/accuracies": 0.5 + 0.1 * i,
    "rewards_train/margins": 0.2 * i,
    grad_norm: 9 - 2 * i,
    tokens_per_second: 400 + 10 * i,
    examples_per_second: 1,
  })),
  {
    examples: 16,
    "loss/eval": 0.55,
    "rewards_eval/accuracies": 0.75,
    "rewards_eval/margins": 0.4,
    "logps_eval/chosen": -90,
    "logps_eval/rejected": -86,
  },
];

const row = (name: string, value: number, half: number) => ({
  name,
  value,
  low: value - half,
  high: value + half,
});
const LABELERS = [
  row("Ada", 0.52, 0.06),
  row("Bob with a name that goes on and on", 0.71, 0.08),
  row("<b>&", 0.25, 0.25),
];

const FIGURES: Record<string, string> = {
  "loss": lossCurve(RECORDS, { value: Math.LN2, name: "ln 2" }),
  "reward-accuracies": rewardAccuracies(RECORDS),
  "margins": margins(RECORDS),
  "logps": logpsChosenRejected(RECORDS),
  "grad-norm": gradNorm(RECORDS),
  "throughput": throughput(RECORDS),
  "verdicts": verdictBars([
    { verdict: "wrong", count: 12 },
    { verdict: "pass", count: 4 },
    { verdict: "timeout", count: 1 },
  ]),
  "difficulties": difficultyBars([
    { difficulty: "medium", count: 700 },
    { difficulty: "easy", count: 1405 },
  ]),
  "ratios": ratioBars("our tokens per second over TRL's", [
    { name: "dpo", median: 5.2, min: 4.9, max: 5.6 },
    { name: "slower", median: 0.8, min: 0.7, max: 0.9 },
  ]),
  "times": timeBars("Time by part", [
    { name: "policy: feed-forward", milliseconds: 360, productMilliseconds: 190 },
    { name: "optimizer", milliseconds: 310, productMilliseconds: 0 },
  ]),
  "label-alpha": alphaFigure([row("preference", 0.42, 0.05), row("readability", 0.03, 0.06)]),
  "label-kappa": kappaFigure([row("Ada, Bob", 0.61, 0.12), row("Ada, Cy", -0.05, 0.1)]),
  "label-sides": sideBiasFigure(LABELERS),
  "label-consistency": consistencyFigure(LABELERS),
  "label-tests": testAgreementFigure(LABELERS),
  "label-gold": goldFigure(LABELERS),
  "label-length": lengthBiasFigure([
    row("all pairs", 0.58, 0.04),
    row("2 times or more", 0.5, 0.1),
  ]),
  "label-strength": strengthFigure([row("codellama:7b", 0.8, 0.3), row("smollm2", -0.8, 0.3)]),
  "label-pace": paceFigure([{ labeler: "Ada", perHour: 31.4 }, { labeler: "Bob", perHour: 80 }]),
  "label-time": timeLineFigure(
    ["Ada", "Bob", "Cy", "Di", "Eve"].flatMap((labeler, i) => [
      { from: "2026-01-01T10:00:00Z", labeler, labels: 20 - 3 * i },
      { from: "2026-01-01T12:00:00Z", labeler, labels: 4 + i },
    ]),
    { name: "hour", hours: 1 },
  ),
  "compared-runs": compareRuns([
    { name: "dpo β 0.1", records: RECORDS },
    { name: "ipo β 0.1", records: RECORDS.map((r) => ({ ...r, grad_norm: 3 })) },
    { name: "unmeasured", records: [] },
  ], { title: "Gradient norm, run beside run", metric: "grad_norm", yLabel: "gradient norm" }),
  "empty": lossCurve([]),
};

for (const [name, svg] of Object.entries(FIGURES)) {
  Deno.test(`the figure ${name} is as its snapshot (CODEPREF_UPDATE_SNAPSHOTS=1 writes it)`, async () => {
    const file = new URL(`snapshots/${name}.svg`, import.meta.url);
    if (Deno.env.get("CODEPREF_UPDATE_SNAPSHOTS") === "1") {
      await Deno.writeTextFile(file, svg + "\n");
    }
    assert.equal(svg + "\n", await Deno.readTextFile(file));
  });

  Deno.test(`the figure ${name} passes a strict content security policy and takes the theme`, () => {
    assert.doesNotMatch(svg, /<style|<script|style=|url\(|href=|"(black|white)"/);
    assert.match(svg, /fill="currentColor"/);
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    assert.doesNotMatch(svg, /NaN|undefined/);
  });
}

Deno.test("a figure draws one line a metric that was measured, and leaves out what is not a number", () => {
  const lines = (svg: string) => {
    const { document } = parseHTML(svg);
    return [...document.querySelectorAll('[data-mark="line"] path')].map((path) =>
      path.getAttribute("d")!.split("L").length
    );
  };
  assert.deepEqual(lines(lossCurve(RECORDS)), [4, 2]);
  assert.deepEqual(lines(gradNorm(RECORDS)), [4]);
  const broken = [...RECORDS, { examples: 20, "loss/train": null }, { "loss/train": 3 }];
  assert.deepEqual(lines(lossCurve(broken)), [4, 2]);
});

Deno.test("a series that only one side has needs no legend; two do", () => {
  const training = RECORDS.filter((record) => "loss/train" in record);
  assert.doesNotMatch(lossCurve(training), />training</);
  assert.match(lossCurve(RECORDS), />training<[^]*>held out</);
});

Deno.test("an estimate apart from what it is compared with stands out, and names cannot be markup", () => {
  const { document } = parseHTML(sideBiasFigure(LABELERS));
  const colors = [...document.querySelectorAll('[data-mark="dot"] circle')].map((dot) =>
    dot.getAttribute("fill")
  );
  assert.deepEqual(colors, ["#2684c6", "#d55e00", "#2684c6"]);
  const text = document.querySelector("svg")!.textContent!;
  assert.match(text, /<b>&/);
  assert.match(text, /Bob with a name that goes…/);
  assert.equal(document.querySelector("b"), null);
});
