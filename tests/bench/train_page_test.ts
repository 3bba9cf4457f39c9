import assert from "node:assert/strict";
import { CONFIG } from "./small-config.ts";
import { CONFIGURATIONS } from "@/lib/bench/configurations.ts";
import { stepFlops } from "@/lib/bench/flops.ts";
import { formattedMarkdown } from "@/lib/bench/markdown.ts";
import type { Round, RoundsResult, SideRound } from "@/lib/bench/rounds.ts";
import { peakShares, type TrainBenchResult } from "@/lib/bench/train.ts";
import { trainFigure, trainPage } from "@/lib/bench/train-page.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";

const PAIR: TokenizedPair = {
  id: "a",
  prompt: "",
  chosen: { ids: [1, 2, 3, 4, 0], start: 3 },
  rejected: { ids: [1, 2, 3, 0], start: 3 },
  truncated: { prompt: false, chosen: false, rejected: false },
};

const side = (tokensPerSecond: number, secondsPerStep: number): SideRound => ({
  tokensPerSecond,
  secondsPerStep,
  cpuSecondsPerStep: 2 * secondsPerStep,
  firstStepSeconds: 10,
  peakBytes: 3 * 2 ** 30,
  firstLoss: Math.LN2,
});
const round = (ratio: number): Round => ({
  batches: [0, 1],
  ours: side(100 * ratio, 2),
  trl: side(100, 2 * ratio),
  ratio,
});
const measured = (name: string, ratios: number[]): RoundsResult => ({
  configuration: CONFIGURATIONS.find((c) => c.name === name)!,
  rounds: ratios.map(round),
  orders: ratios.map(() => [{ rows: [], pairs: [PAIR] }, { rows: [], pairs: [PAIR, PAIR] }]),
  sameIds: true,
});

const RESULT: TrainBenchResult = {
  machine: { cpu: "A CPU", cores: 2, flags: ["amx_bf16"], memoryBytes: 2 ** 34, system: "linux" },
  versions: { deno: "2.9.6" },
  pairs: { source: "some", train: 256, heldOut: 18, leftOut: 3 },
  rounds: [measured("dpo", [4, 6, 5]), measured("dpo-precomputed", [7, 7, 7])],
  epoch: {
    examples: 256,
    heldOut: 18,
    ours: { wallSeconds: 100, firstStepSeconds: 12 },
    trl: { wallSeconds: 450, firstStepSeconds: 20 },
    ratio: 4.5,
    steadyTokensPerSecond: 400,
    tracedSteps: 2,
    singleShapeTokensPerSecond: 500,
  },
  failures: [{ name: "lora", message: "no adapters" }],
  peaks: { bf16: [{ shape: [8, 8, 8], teraflops: 2 }, { shape: [4, 4, 4], teraflops: 1 }] },
  config: CONFIG,
  options: { only: [], rounds: 3, steps: 2, data: null },
};

Deno.test("page: ratios with their range, derived figures, failures and the command", async () => {
  const page = await formattedMarkdown(trainPage(RESULT, "deno task bench train", "ratios.svg"));
  assert.match(page, /`dpo` DPO, bf16 +\| +500 +\| +100 +\| +\*\*5\.00\*\* \(4\.00–6\.00\)/);
  assert.match(page, /precomputed reference over TRL with a live one: \*\*7\.00\*\*/);
  assert.match(page, /ratio \*\*4\.50\*\*/);
  assert.match(page.replaceAll("\n", " "), /400 tokens\/s, 80 % of the 500 tokens\/s/);
  assert.match(page, /- lora: no adapters/);
  assert.match(page, /```sh network\ndeno task bench train\n```/);
  assert.match(page, /!\[.*\]\(ratios\.svg\)/);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

Deno.test("page: laid out as the formatter does; formatting it again changes nothing", async () => {
  const page = await formattedMarkdown(trainPage(RESULT, "deno task bench train", null));
  assert.equal(await formattedMarkdown(page), page);
  assert.doesNotMatch(page, /!\[/);
});

Deno.test("page: token ids that differ are said to", () => {
  const differing = { ...RESULT, rounds: [{ ...RESULT.rounds[0], sameIds: false }] };
  assert.match(trainPage(differing, "x", null), /Token ids DIFFER/);
});

Deno.test("figure: one bar a configuration", () => {
  const svg = trainFigure(RESULT);
  assert.match(svg, />dpo</);
  assert.match(svg, />5\.0×</);
  assert.match(svg, />7\.0×</);
});

Deno.test("share of the peak: the measured batches' operations over their time and the fastest product", () => {
  const kind = { loss: "dpo", liveReference: true, lora: null } as const;
  const flops = stepFlops(RESULT.config, [PAIR], kind) +
    stepFlops(RESULT.config, [PAIR, PAIR], kind);
  for (const share of peakShares(RESULT.rounds[0], RESULT)) {
    assert.ok(Math.abs(share / (flops / 4 / 2e12) - 1) < 1e-12);
  }
});
