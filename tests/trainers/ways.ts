/**
 * The matrix of equivalences: ways to train that have to give the same, each beside the one it is compared with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { tensorShapes } from "@/lib/models/config.ts";
import { adapterShapes, LORA_TARGETS, type LoraSettings } from "@/lib/models/lora.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { freePorts } from "../free-ports.ts";
import { CONFIG, randomWeights } from "../models/random-model.ts";
import { randomPairs } from "../models/random-pairs.ts";
import { DPO, type Run, SFT, trainFor, type Way } from "./equivalence.ts";

/** Enough for the loss to move by more than 0.1. */
export const UPDATES = 10;

/** Lengths of prompt, chosen and rejected; chunks of queries are 128 long. */
export const LENGTHS: [number, number, number][] = [
  [5, 9, 3],
  [40, 100, 31],
  [70, 150, 160],
  [130, 60, 7],
  [1, 1, 300],
  [64, 20, 20],
  [10, 40, 2],
  [7, 90, 8],
];
export const PAIRS = randomPairs(LENGTHS);

/** One line of the matrix. */
export interface Equivalence {
  /** `found = wanted`, in words. */
  name: string;
  wanted: Way;
  /** The other way: in this process, or how it is spread. */
  found: Way | Omit<Spread, "updates">;
}

/** What processes/spread.ts is told. */
export interface Spread {
  updates: number;
  way: Way;
  /** Devices of one process, or processes. */
  devices: number;
  processes?: number;
  /** Whether the processes divide the matrices, and not the examples. */
  tensorParallel?: boolean;
  /** Where the processes find each other, and which this one is. */
  addresses?: string[];
  rank?: number;
  /** A bug: the process whose gradients are not counted. */
  leaveOut?: number;
  /** A bug: what the processes do not sum. */
  unsummed?: "enter" | "leave";
  /** A bug: all processes drop out what the first one does. */
  ownMasks?: boolean;
}

const PLAIN: Way = { loss: DPO, layout: "shared-prompt" };
const PLAIN_SFT: Way = { loss: SFT, layout: "packed" };
const PADDED: Way = { loss: DPO, layout: "padded" };

const LORA: LoraSettings = { r: 4, alpha: 64, dropout: 0, targets: [...LORA_TARGETS] };
const ADAPTED: Way = { ...PLAIN, lora: LORA };
export const DROPPED_OUT: Way = { ...PLAIN, lora: { ...LORA, dropout: 0.2 } };

/** A new way to train, or to spread training, is a line here. */
export const MATRIX: readonly Equivalence[] = [
  { name: "DPO: packed = padded", wanted: PADDED, found: { ...PADDED, layout: "packed" } },
  { name: "DPO: shared prompt = padded", wanted: PADDED, found: PLAIN },
  { name: "SFT: packed = padded", wanted: { ...PLAIN_SFT, layout: "padded" }, found: PLAIN_SFT },
  ...[8, 2].flatMap((parts) => [
    { name: `DPO: ${parts} parts = the whole batch`, wanted: PLAIN, found: { ...PLAIN, parts } },
    {
      name: `SFT: ${parts} parts = the whole batch`,
      wanted: PLAIN_SFT,
      found: { ...PLAIN_SFT, parts },
    },
  ]),
  {
    name: "DPO: precomputed reference = live reference",
    wanted: PLAIN,
    found: { ...PLAIN, precomputed: true },
  },
  {
    name: "DPO: recomputed activations = kept activations",
    wanted: PLAIN,
    found: { ...PLAIN, checkpointing: true },
  },
  {
    name: "DPO: BasicTrainer on 2 devices = on 1",
    wanted: PLAIN,
    found: { way: PLAIN, devices: 2 },
  },
  ...[1, 2].map((parts) => ({
    name: `DPO: FSDP on 2 processes${parts > 1 ? `, ${parts} parts` : ""} = 1 process`,
    wanted: PLAIN,
    found: { way: { ...PLAIN, parts, checkpointing: true }, devices: 1, processes: 2 },
  })),
  ...[1, 2].map((parts) => ({
    name: `DPO: TP on 2 processes${parts > 1 ? `, ${parts} parts, recomputed` : ""} = 1 process`,
    wanted: PLAIN,
    found: {
      way: { ...PLAIN, parts, checkpointing: parts > 1 },
      devices: 1,
      processes: 2,
      tensorParallel: true,
    },
  })),
  {
    name: "DPO, LoRA: FSDP on 2 processes = 1 process",
    wanted: ADAPTED,
    found: { way: { ...ADAPTED, checkpointing: true }, devices: 1, processes: 2 },
  },
  {
    name: "DPO, LoRA: TP on 2 processes = 1 process",
    wanted: ADAPTED,
    found: { way: ADAPTED, devices: 1, processes: 2, tensorParallel: true },
  },
  {
    name: "DPO, LoRA with dropout: TP on 2 processes, 2 parts, recomputed = 1 process, 2 parts",
    wanted: { ...DROPPED_OUT, parts: 2 },
    found: {
      way: { ...DROPPED_OUT, parts: 2, checkpointing: true },
      devices: 1,
      processes: 2,
      tensorParallel: true,
    },
  },
];

const runs = new Map<string, Promise<Run>>();

/** A run of the random model in this process; equal ways are run once. */
export function runHere(way: Way): Promise<Run> {
  if (way.StepsClass) return freshRun(way);
  const key = JSON.stringify(way);
  if (!runs.has(key)) runs.set(key, freshRun(way));
  return runs.get(key)!;
}

async function freshRun(way: Way): Promise<Run> {
  const weights = randomWeights(1);
  const run = await trainFor(UPDATES, { config: CONFIG, weights }, PAIRS, way);
  tf.dispose(weights);
  return run;
}

/** A run of the random model in other processes. */
export async function runSpread(spread: Omit<Spread, "updates">): Promise<Run> {
  const script = fromFileUrl(new URL("./processes/spread.ts", import.meta.url));
  const { processes = 1 } = spread;
  const addresses = processes > 1
    ? freePorts(processes).map((port) => `localhost:${port}`)
    : undefined;
  const outputs = await Promise.all(Array.from({ length: processes }, async (_, rank) => {
    const told: Spread = { ...spread, updates: UPDATES, addresses, rank };
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", script, JSON.stringify(told)],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }));
  const { gradients, changes, ...run } = JSON.parse(outputs[0]);
  const { lora } = spread.way;
  const shapes = lora ? adapterShapes(CONFIG, lora) : tensorShapes(CONFIG);
  const tensors = (values: Record<string, number[]>): Weights =>
    Object.fromEntries([...shapes].map(([name, shape]) => [name, tf.tensor(values[name], shape)]));
  return { ...run, gradients: tensors(gradients), changes: tensors(changes) };
}

/** Both runs of a line: the other way's, and what it has to be. */
export const bothRuns = async ({ wanted, found }: Equivalence): Promise<[Run, Run]> => [
  await ("way" in found ? runSpread(found) : runHere(found)),
  await runHere(wanted),
];
