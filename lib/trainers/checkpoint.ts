/**
 * Checkpoints: the policy in Hugging Face's layout, with LoRA its adapters in PEFT's, the optimiser's state and the
 * counters, whole or not there.
 *
 * A checkpoint is written under a temporary name, every file synced, a manifest with the SHA-256 of each file
 * last; then the folder is renamed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { saveAdapters } from "@/lib/models/adapter-folder.ts";
import { savePolicy, type Weight } from "@/lib/models/export.ts";
import { type LoraSettings, mergedWeights } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { createSafetensors, openSafetensors } from "@/lib/models/safetensors.ts";
import type { ModelSource } from "@/lib/models/source.ts";
import type { Weights } from "@/lib/models/weights.ts";
import type { KnownShapes } from "@/lib/trainers/buckets.ts";
import type { Threads } from "@/lib/trainers/threads.ts";
import type { Optimizer, OptimizerState } from "@/lib/trainers/optimizers.ts";
import type { Parallelism } from "@/lib/trainers/parallelism.ts";

/** Where a run stands. */
export interface TrainerState {
  examples: number;
  updates: number;
  /** Seconds spent training before this checkpoint. */
  seconds: number;
  /** Held-out loss at this checkpoint, where it was measured. */
  evalLoss: number | null;
  /** After how many examples the last evaluation was. */
  evaluatedAt: number | null;
  settingsHash: string;
  precision: Precision;
  /** Threads that computed it; null where the program that trained had started TensorFlow itself. */
  threads: Threads | null;
  /** Shapes that batches have been padded to. */
  shapes: KnownShapes;
  finished: boolean;
}

const MANIFEST = "manifest.json";

/** What is saved. */
export interface Saved {
  /** The model that training began with. */
  source: ModelSource;
  /** What is trained: the model's weights, or with `lora` its adapters. */
  weights: Weights;
  lora: LoraSettings | null;
  /** The reference's weights, where they are others than the source's. */
  reference: Weights | null;
  optimizer: Optimizer;
  state: TrainerState;
  parallelism: Parallelism;
}

/** The file that they are saved to. */
export const REFERENCE_FILE = "reference.safetensors";

/**
 * Saves a checkpoint into the run folder and points `LATEST` at it. Where several processes share the weights, each
 * has to call it; the first one writes.
 * @returns the checkpoint's folder
 * @throws OperationError when a weight is not finite; nothing is saved then
 */
export async function saveCheckpoint(runFolder: string, saved: Saved): Promise<string> {
  const folder = join(runFolder, `step-${saved.state.examples}`);
  const partial = join(runFolder, `.step-${saved.state.examples}.partial`);
  if (saved.parallelism.rank > 0) {
    await handOver(saved);
    return folder;
  }
  await removeIfThere(partial);
  const { source, weights, lora } = saved;
  await savePolicy(join(partial, "policy"), {
    config: source.config,
    tokenizer: source.tokenizer,
    weights: lora ? finite(mergedWeights(source, weights, lora), saved.state) : wholeWeights(saved),
  });
  if (lora) await saveAdapters(join(partial, "adapter"), weights, lora, source);
  if (saved.reference) {
    await saveWhole(join(partial, REFERENCE_FILE), modelShapes(saved), [
      wholeReference(saved.reference, saved),
    ]);
  }
  await saveOptimizer(join(partial, "optimizer.safetensors"), saved);
  writeSynced(join(partial, "trainer.json"), JSON.stringify(saved.state, null, 2));
  writeSynced(join(partial, MANIFEST), JSON.stringify(await digests(partial), null, 2));
  await discard(folder);
  await Deno.rename(partial, folder);
  syncFolder(runFolder);
  pointLatest(runFolder, basename(folder));
  return folder;
}

/** Weights one at a time, so that only one is in JavaScript's memory. */
const wholeWeights = ({ weights, parallelism, state }: Saved) =>
  finite(parallelism.whole(Object.keys(weights), (name) => weights[name].clone()), state);

/** The same tensors. A last update may have made of a finite gradient what the next one would have stumbled over. */
async function* finite(
  tensors: AsyncIterable<Weight>,
  state: TrainerState,
): AsyncGenerator<Weight> {
  for await (const tensor of tensors) {
    // Called for every number of a model: an array method takes several times as long.
    for (const value of tensor.data) {
      if (Number.isFinite(value)) continue;
      throw new OperationError(
        `After update ${state.updates} ${tensor.name} holds a number that is not finite, and is not saved; lower lr= or ` +
          "raise warmup_steps=. The last checkpoint is as it was.",
      );
    }
    yield tensor;
  }
}

const wholeReference = (reference: Weights, { parallelism }: Saved) =>
  parallelism.whole(Object.keys(reference), (name) => reference[name].clone());

/** The same of a slot of the optimiser. */
const wholeSlot = ({ optimizer, parallelism }: Saved, slot: string) =>
  parallelism.whole(
    Object.keys(optimizer.state[slot]),
    (name) => optimizer.state[slot][name].read(),
  );

/** What the process that writes asks of the others. */
async function handOver(saved: Saved): Promise<void> {
  const asked = [wholeWeights(saved)];
  if (saved.reference) asked.push(wholeReference(saved.reference, saved));
  for (const slot of Object.keys(saved.optimizer.state)) asked.push(wholeSlot(saved, slot));
  for (const tensors of asked) {
    // deno-lint-ignore no-empty
    for await (const _ of tensors) {}
  }
}

type NamedShape = readonly [name: string, shape: number[]];

const modelShapes = ({ source }: Saved): NamedShape[] =>
  source.tensorNames.map((name) => [name, source.shape(name)]);

async function saveOptimizer(path: string, saved: Saved): Promise<void> {
  const { optimizer, parallelism } = saved, slots = Object.entries(optimizer.state);
  const shapesOf = (variables: OptimizerState[string]): NamedShape[] =>
    parallelism.divided
      ? modelShapes(saved)
      : Object.entries(variables).map(([name, { shape }]) => [name, shape]);
  const inSlot = (slot: string, name: string) => `${slot}/${name}`;
  await saveWhole(
    path,
    slots.flatMap(([slot, variables]) =>
      shapesOf(variables).map(([name, shape]) => [inSlot(slot, name), shape] as const)
    ),
    slots.map(async function* ([slot]) {
      for await (const { name, ...tensor } of wholeSlot(saved, slot)) {
        yield { name: inSlot(slot, name), ...tensor };
      }
    }),
  );
}

/** Saves tensors in fp32 as they come. */
async function saveWhole(
  path: string,
  shapes: NamedShape[],
  tensors: AsyncIterable<Weight>[],
): Promise<void> {
  const writer = createSafetensors(
    path,
    shapes.map(([name, shape]) => ({ name, dtype: "F32", shape })),
  );
  try {
    for (const some of tensors) {
      for await (const { name, data } of some) writer.write(name, bytesOf(data));
    }
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

const bytesOf = (values: Float32Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Replaces the `LATEST` link in one step. */
function pointLatest(runFolder: string, name: string): void {
  const link = join(runFolder, "LATEST"), partial = join(runFolder, ".LATEST.partial");
  try {
    Deno.removeSync(partial);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.symlinkSync(name, partial);
  Deno.renameSync(partial, link);
  syncFolder(runFolder);
}

/** A checkpoint's state as it is written, without a look at whether the checkpoint is whole. */
export const readState = (folder: string): TrainerState =>
  JSON.parse(Deno.readTextFileSync(join(folder, "trainer.json")));

/** Checkpoints of a run that are whole, newest first. A folder without a manifest is not one. */
export function listCheckpoints(runFolder: string): string[] {
  const found: { folder: string; examples: number }[] = [];
  for (const entry of Deno.readDirSync(runFolder)) {
    const match = entry.isDirectory && entry.name.match(/^step-(\d+)$/);
    if (match) found.push({ folder: join(runFolder, entry.name), examples: Number(match[1]) });
  }
  return found.sort((a, b) => b.examples - a.examples).map((c) => c.folder);
}

/**
 * Checks every file of a checkpoint against its manifest and reads where the run stood.
 * @throws InputError naming the first file that is missing or was changed
 */
export async function verifyCheckpoint(folder: string): Promise<TrainerState> {
  let manifest: Record<string, string>;
  try {
    manifest = JSON.parse(await Deno.readTextFile(join(folder, MANIFEST)));
  } catch (error) {
    throw new InputError(
      `${folder} is not a whole checkpoint (${
        (error as Error).message
      }); remove it and resume from an older one.`,
    );
  }
  const found = await digests(folder);
  for (const [file, digest] of Object.entries(manifest)) {
    if (found[file] === digest) continue;
    throw new InputError(
      `${join(folder, file)} ${found[file] ? "was changed since it was saved" : "is missing"}; ` +
        `remove ${folder} and resume from an older checkpoint.`,
    );
  }
  return readState(folder);
}

/** Reads the optimiser's state of a verified checkpoint, or this process's part of it. */
export async function restoreOptimizer(
  folder: string,
  optimizer: Optimizer,
  parallelism: Parallelism,
): Promise<void> {
  const file = openSafetensors(join(folder, "optimizer.safetensors"));
  try {
    for (const [slot, tensors] of Object.entries(optimizer.state)) {
      const parts = parallelism.part(
        Object.keys(tensors),
        (name) => file.read(`${slot}/${name}`),
      );
      for await (const [name, values] of parts) optimizer.restore(slot, name, values);
    }
  } finally {
    file.close();
  }
}

/** Removes all but the `keep` newest checkpoints, the best one and what broken saves left. */
export async function pruneCheckpoints(
  runFolder: string,
  keep: number,
  best: string | null,
): Promise<void> {
  for (const folder of listCheckpoints(runFolder).slice(keep)) {
    if (folder !== best) await discard(folder);
  }
  for (const entry of Deno.readDirSync(runFolder)) {
    if (/^\.step-\d+\.(partial|discarded)$/.test(entry.name)) {
      await removeIfThere(join(runFolder, entry.name));
    }
  }
}

/** File below `folder` → SHA-256, the manifest itself left out. */
async function digests(folder: string, prefix = ""): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  const entries = [...Deno.readDirSync(join(folder, prefix))].sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
  for (const { name, isDirectory } of entries) {
    const path = join(prefix, name);
    if (isDirectory) Object.assign(result, await digests(folder, path));
    else if (path !== MANIFEST) {
      const hash = createHash("sha256");
      using file = await Deno.open(join(folder, path));
      for await (const chunk of file.readable) hash.update(chunk);
      result[path] = hash.digest("hex");
    }
  }
  return result;
}

/** Removes a checkpoint, if it is there; whoever is killed meanwhile leaves no half one under its name. */
async function discard(folder: string): Promise<void> {
  const going = join(dirname(folder), `.${basename(folder)}.discarded`);
  await removeIfThere(going);
  try {
    await Deno.rename(folder, going);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  await removeIfThere(going);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function writeSynced(path: string, text: string): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  file.writeSync(new TextEncoder().encode(text));
  file.syncSync();
}

function syncFolder(folder: string): void {
  using file = Deno.openSync(folder);
  file.syncSync();
}
