/**
 * The page that `deno task bench profile` writes.
 *
 * @module
 */
import { markdownTable } from "@/lib/markdown.ts";
import {
  groupTimes,
  isProduct,
  layerOf,
  partOf,
  type PhaseOp,
  productFlops,
  type TimeGroup,
} from "@/lib/bench/op-groups.ts";
import type { ProfileResult } from "@/lib/bench/profile.ts";
import { timeBars } from "@/lib/charts/time-bars.ts";

/** Rows of the longer tables. */
const MOST_ROWS = 25;

/** What a profile says in few numbers. Times are in seconds. */
export interface ProfileSummary {
  tracedSeconds: number;
  /** All operations, one after the other. */
  eagerSeconds: number;
  productSeconds: number;
  otherSeconds: number;
  /** 10¹² operations per second of the products that ran, padding included. */
  productTeraflops: number;
  /** The same over the fastest product of this machine. */
  productShareOfPeak: number;
  /** The step's useful operations over its traced time and the peak. */
  stepShareOfPeak: number;
}

/** The few numbers. */
export function profileSummary(
  { ops, tracedSeconds, usefulFlops, peak }: ProfileResult,
): ProfileSummary {
  const time = (some: PhaseOp[]) => some.reduce((sum, op) => sum + op.milliseconds, 0) / 1000;
  const products = ops.filter(isProduct);
  const productSeconds = time(products), eagerSeconds = time(ops);
  const teraflops = products.reduce((sum, op) => sum + productFlops(op), 0) / productSeconds / 1e12;
  return {
    tracedSeconds,
    eagerSeconds,
    productSeconds,
    otherSeconds: eagerSeconds - productSeconds,
    productTeraflops: teraflops,
    productShareOfPeak: teraflops / peak.teraflops,
    stepShareOfPeak: usefulFlops / tracedSeconds / 1e12 / peak.teraflops,
  };
}

/** Figures of a profile: name → SVG. */
export function profileFigures({ ops }: ProfileResult): Record<"parts" | "layers", string> {
  const layers = groupTimes(ops, (op) => layerName(op)).sort((a, b) =>
    a.name.localeCompare(b.name, "en", { numeric: true })
  );
  return {
    parts: timeBars("Time by part", groupTimes(ops, partOf)),
    layers: timeBars("Time by layer", layers),
  };
}

/** The page's text. @param figures paths relative to the page */
export function profilePage(
  result: ProfileResult,
  command: string,
  figures: Record<"parts" | "layers", string>,
): string {
  const { ops, loss, precision, pairs, tokens, machine, peak } = result;
  const summary = profileSummary(result);
  const total = summary.eagerSeconds * 1000;
  return [
    "# Where a training step's time goes",
    `One step of ${loss} in ${precision} on ${pairs} pairs with ${tokens} tokens, on ${machine.cpu} with ${machine.cores} cores. ` +
    "Every operation is run by itself and timed; the traced step, which is what training runs, runs several at once. Written by:",
    "```sh test by=tests/bench/profile_test.ts\n" + command + "\n```",
    markdownTable({
      head: ["", ""],
      rows: [
        ["Traced step", `${summary.tracedSeconds.toFixed(2)} s`],
        ["Operations one after the other", `${summary.eagerSeconds.toFixed(2)} s`],
        ["… matrix products", `${summary.productSeconds.toFixed(2)} s`],
        ["… everything else", `${summary.otherSeconds.toFixed(2)} s`],
        ["Speed of the products", `${summary.productTeraflops.toFixed(2)} TFLOP/s`],
        [
          `Fastest product here (${peak.shape.join(" × ")})`,
          `${peak.teraflops.toFixed(2)} TFLOP/s`,
        ],
        ["Products, share of that", percent(summary.productShareOfPeak)],
        ["Traced step, share of that (useful work alone)", percent(summary.stepShareOfPeak)],
      ],
    }),
    "## By part of the step",
    `![Time by part](${figures.parts})`,
    groupsTable("part", groupTimes(ops, partOf), total),
    "## By layer",
    `![Time by layer](${figures.layers})`,
    "## By operation",
    groupsTable("operation", groupTimes(ops, ({ op }) => op), total),
    "## The slowest operations by shape",
    shapesTable(ops, total),
  ].join("\n\n") + "\n";
}

function layerName(op: PhaseOp): string | undefined {
  const layer = layerOf(op);
  return layer === undefined ? undefined : `layer ${layer}`;
}

function groupsTable(what: string, groups: TimeGroup[], total: number): string {
  return markdownTable({
    head: [what, "ms", "share", "products, ms", "calls", "output, MB"],
    rows: groups.slice(0, MOST_ROWS).map((group) => [
      group.name,
      group.milliseconds.toFixed(1),
      percent(group.milliseconds / total),
      group.productMilliseconds.toFixed(1),
      String(group.calls),
      (group.outputBytes / 1e6).toFixed(1),
    ]),
  });
}

function shapesTable(ops: readonly PhaseOp[], total: number): string {
  return markdownTable({
    textColumns: 2,
    head: ["operation", "inputs", "ms", "share", "calls", "TFLOP/s"],
    rows: slowestShapes(ops).map((op) => [
      op.op,
      op.shapes,
      op.milliseconds.toFixed(1),
      percent(op.milliseconds / total),
      String(op.calls),
      isProduct(op) ? (productFlops(op) / op.milliseconds / 1e9).toFixed(2) : "–",
    ]),
  });
}

/** Operations of one kind on the same shapes as one, wherever they ran; the slowest first. */
function slowestShapes(ops: readonly PhaseOp[]): PhaseOp[] {
  const merged = new Map<string, PhaseOp>();
  for (const op of ops) {
    const key = `${op.op} ${op.shapes}`;
    const same = merged.get(key) ?? { ...op, calls: 0, milliseconds: 0, outputBytes: 0 };
    same.calls += op.calls;
    same.milliseconds += op.milliseconds;
    same.outputBytes += op.outputBytes;
    merged.set(key, same);
  }
  return [...merged.values()].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, MOST_ROWS);
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
