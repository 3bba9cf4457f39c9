/**
 * The page that `deno task bench train` writes: what was measured, on what, how, and what it does not say.
 *
 * @module
 */
import { TRAINING } from "@/lib/bench/configurations.ts";
import type { EpochResult } from "@/lib/bench/epoch.ts";
import { markdownTable, type Table } from "@/lib/markdown.ts";
import { MAX_LENGTH } from "@/lib/bench/pairs.ts";
import { OUR_WARM_UP, type RoundsResult, type SideRound, TRL_WARM_UP } from "@/lib/bench/rounds.ts";
import { spread } from "@/lib/bench/statistics.ts";
import { peakShares, type TrainBenchResult } from "@/lib/bench/train.ts";
import { ratioBars } from "@/lib/charts/ratios.ts";

/** The page's text. @param figure the figure's path, relative to the page; null: no figure */
export function trainPage(
  result: TrainBenchResult,
  command: string,
  figure: string | null,
): string {
  const { machine, versions, pairs, rounds, epoch, failures, options } = result;
  const parts = [
    "# Benchmarks",
    "`deno task train` beside TRL's `DPOTrainer` and `SFTTrainer` on one machine: the same weights " +
    "(SmolLM2-135M in fp32), the same pairs in the same order, the same token ids, AdamW. " +
    "This page is written by the command:",
    "```sh network\n" + command + "\n```",
    "## Machine",
    markdownTable({
      textColumns: 2,
      head: ["", ""],
      rows: [
        ["CPU", `${machine.cpu}, ${machine.cores} cores`],
        ["Instructions", machine.flags.join(", ") || "unknown"],
        ["Memory", gib(machine.memoryBytes)],
        ["System", machine.system],
        ["Versions", Object.entries(versions).map(([name, v]) => `${name} ${v}`).join(", ")],
      ],
    }),
  ];
  if (rounds.length > 0) {
    parts.push("## Speed", markdownTable(speedTable(result)));
    if (figure) parts.push(`![Our tokens per second over TRL's](${figure})`);
    parts.push("## What it costs", markdownTable(costTable(rounds)), ...derived(result));
  }
  if (epoch) parts.push("## A whole epoch", markdownTable(epochTable(epoch)), epochText(epoch));
  for (const [precision, speeds] of Object.entries(result.peaks)) {
    parts.push(
      `## Matrix products in ${precision}`,
      `x·Wᵀ through our binding, the fastest of four calls with four products each.`,
      markdownTable({
        head: ["rows × inner × outer", "TFLOP/s"],
        rows: speeds.map(({ shape, teraflops }) => [shape.join(" × "), teraflops.toFixed(2)]),
      }),
    );
  }
  if (failures.length > 0) {
    parts.push(
      "## Not measured",
      failures.map(({ name, message }) => `- ${name}: ${message}`).join("\n"),
    );
  }
  parts.push(
    "## How it is measured",
    [
      `- ${options.rounds} ${
        options.rounds === 1 ? "round" : "rounds"
      }, ours and TRL's in turn, every second one the other way round; each side is a fresh process in each round, makes its warm-up (TRL ${TRL_WARM_UP} step, ours the first ${OUR_WARM_UP} of a whole epoch, whose shapes it plans beforehand and traces as it meets them) and then the same ${options.steps} batches of ${TRAINING.batchSize} pairs, other ones in each round. Steps in which ours traced a new shape are left out on both sides.`,
      "- Tokens are those other than padding of prompt + chosen and prompt + rejected (SFT: prompt + chosen). Their time is the whole step's: data, reference, forward and backward pass, clipping, optimiser, logging.",
      "- The ratio is that of tokens per second, round by round; the table gives the median, and the smallest and the largest.",
      `- Pairs: ${pairs.source}; ${pairs.train} to train on, ${pairs.heldOut} to evaluate on, ${pairs.leftOut} left out because they exceed ${MAX_LENGTH} tokens. Nothing is cut on either side. Token ids ${
        rounds.every(({ sameIds }) => sameIds)
          ? "are the same on both sides (SHA-256 over all of them)"
          : "DIFFER between the sides"
      }.`,
      "- TRL: fp32 weights, bf16 autocast (or fp32), no gradient checkpointing, its own padding and its default optimiser implementation, as many threads as cores. Ours: `precision=` as named, all else by default.",
      "- With a precomputed reference the precomputation is not part of the step; its time a pair, tracing included, is named beside. Ours computes that of the whole epoch, TRL that of its batches.",
      "- CPU time is user and system time of the process tree in the measured steps; memory is the high-water mark of resident memory, summed over the tree.",
      "- Share of the peak: operations of the step's matrix products (each distinct token once per forward pass, training three forward passes, the reference one more, attention by lengths, the vocabulary at scored positions, recomputation not counted) over the step's time, against the fastest matrix product of the list below.",
      "- Other work on the machine changes the numbers of both sides; the ratio suffers less, and its range shows it.",
    ].join("\n"),
  );
  return parts.join("\n\n") + "\n";
}

/** The figure of the ratios as SVG. */
export const trainFigure = ({ rounds }: Pick<TrainBenchResult, "rounds">): string =>
  ratioBars(
    "our tokens per second over TRL's",
    rounds.map(({ configuration, rounds }) => ({
      name: configuration.name,
      ...spread(rounds.map(({ ratio }) => ratio)),
    })),
  );

function speedTable(result: TrainBenchResult): Table {
  return {
    head: [
      "Configuration",
      "Ours, tokens/s",
      "TRL, tokens/s",
      "Ratio (range)",
      "Ours, s/step",
      "TRL, s/step",
      "Ours, share of peak",
    ],
    rows: result.rounds.map((measured) => {
      const { configuration, rounds } = measured;
      const ratio = spread(rounds.map((round) => round.ratio));
      return [
        `\`${configuration.name}\` ${configuration.title}`,
        median(rounds.map(({ ours }) => ours.tokensPerSecond)).toFixed(0),
        median(rounds.map(({ trl }) => trl.tokensPerSecond)).toFixed(0),
        `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
        median(rounds.map(({ ours }) => ours.secondsPerStep)).toFixed(2),
        median(rounds.map(({ trl }) => trl.secondsPerStep)).toFixed(2),
        percent(median(peakShares(measured, result))),
      ];
    }),
  };
}

function costTable(results: RoundsResult[]): Table {
  return {
    head: [
      "Configuration",
      "CPU s/step, ours",
      "TRL",
      "Peak memory, ours",
      "TRL",
      "To the end of the first step, ours",
      "TRL",
      "Reference beforehand, s/pair, ours",
      "TRL",
    ],
    rows: results.map(({ configuration, rounds }) => {
      const both = (show: (side: SideRound[]) => string) => [
        show(rounds.map(({ ours }) => ours)),
        show(rounds.map(({ trl }) => trl)),
      ];
      return [
        `\`${configuration.name}\``,
        ...both((sides) => shown(sides.map((s) => s.cpuSecondsPerStep), (x) => x.toFixed(1))),
        ...both((sides) => shown(sides.map((s) => s.peakBytes), gib)),
        ...both((sides) => shown(sides.map((s) => s.firstStepSeconds), seconds)),
        ...both((sides) => shown(sides.map((s) => s.precomputeSeconds), (x) => x.toFixed(2))),
      ];
    }),
  };
}

/** Figures that follow from two configurations. */
function derived({ rounds }: TrainBenchResult): string[] {
  const speeds = (name: string, side: "ours" | "trl") =>
    rounds.find(({ configuration }) => configuration.name === name)?.rounds
      .map((round) => round[side].tokensPerSecond);
  const precomputed = speeds("dpo-precomputed", "ours"), live = speeds("dpo", "trl");
  if (!precomputed || !live) return [];
  return [
    `Ours with a precomputed reference over TRL with a live one: **${
      (median(precomputed) / median(live)).toFixed(2)
    }** (medians).`,
  ];
}

function epochTable({ ours, trl, ratio }: EpochResult): Table {
  const row = (name: string, one: string, other: string) => [name, one, other];
  return {
    head: ["", "Ours", "TRL"],
    rows: [
      row(
        `Wall time, ratio **${ratio.toFixed(2)}**`,
        seconds(ours.wallSeconds),
        seconds(trl.wallSeconds),
      ),
      row(
        "To the end of the first step",
        seconds(ours.firstStepSeconds),
        seconds(trl.firstStepSeconds),
      ),
      row("CPU time", shown([ours.cpuSeconds], seconds), shown([trl.cpuSeconds], seconds)),
      row("Peak memory", shown([ours.peakBytes], gib), shown([trl.peakBytes], gib)),
    ],
  };
}

function epochText(epoch: EpochResult): string {
  const share = epoch.steadyTokensPerSecond / epoch.singleShapeTokensPerSecond;
  return `${epoch.examples} pairs of varied length once, in bf16 with a live reference, ${epoch.heldOut} held-out pairs ` +
    "evaluated before and after, from the start of the command to its end with the checkpoint on disk. Ours traced a " +
    `new shape in ${epoch.tracedSteps} of its steps; the others made ${
      epoch.steadyTokensPerSecond.toFixed(0)
    } tokens/s, ${percent(share)} of the ${
      epoch.singleShapeTokensPerSecond.toFixed(0)
    } tokens/s on one batch of middle size again and again.`;
}

const median = (values: number[]) => spread(values).median;
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const seconds = (s: number) => `${s.toFixed(1)} s`;

/** The median, or a dash where a side could not tell. */
function shown(values: (number | undefined)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? "–" : format(median(known));
}
