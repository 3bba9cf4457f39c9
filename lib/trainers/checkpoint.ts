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
import { basename, join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { saveAdapters } from "@/lib/models/adapter-folder.ts";
import { savePolicy } from "@/lib/models/export.ts";
import { type LoraSettings, mergedWeights } from "@/lib/models/lora.ts";
import { createSafetensors, openSafetensors, writeSafetensors } from "@/lib/models/safetensors.ts";
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
  precision: string;
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
    weights: lora ? mergedWeights(source, weights, lora) : wholeWeights(saved),
  });
  if (lora) await saveAdapters(join(partial, "adapter"), weights, lora, source);
  if (saved.reference) {
    await writeSafetensors(
      join(partial, REFERENCE_FILE),
      Object.entries(saved.reference).map(([name, value]) => ({
        name,
        dtype: "F32",
        shape: value.shape,
        data: () => bytesOf(value.dataSync() as Float32Array),
      })),
    );
  }
  await saveOptimizer(join(partial, "optimizer.safetensors"), saved);
  writeSynced(join(partial, "trainer.json"), JSON.stringify(saved.state, null, 2));
  writeSynced(join(partial, MANIFEST), JSON.stringify(await digests(partial), null, 2));
  await removeIfThere(folder);
  await Deno.rename(partial, folder);
  syncFolder(runFolder);
  pointLatest(runFolder, basename(folder));
  return folder;
}

/** Weights one at a time, so that only one is in JavaScript's memory. */
const wholeWeights = ({ weights, parallelism }: Saved) =>
  parallelism.whole(Object.keys(weights), (name) => weights[name].clone());

/** The same of a slot of the optimiser. */
const wholeSlot = ({ optimizer, parallelism }: Saved, slot: string) =>
  parallelism.whole(
    Object.keys(optimizer.state[slot]),
    (name) => optimizer.state[slot][name].read(),
  );

/** What the process that writes asks of the others. */
async function handOver(saved: Saved): Promise<void> {
  const asked = [wholeWeights(saved)];
  for (const slot of Object.keys(saved.optimizer.state)) asked.push(wholeSlot(saved, slot));
  for (const tensors of asked) {
    // deno-lint-ignore no-empty
    for await (const _ of tensors) {}
  }
}

async function saveOptimizer(path: string, saved: Saved): Promise<void> {
  const { optimizer, source, parallelism } = saved;
  const shapesOf = (variables: OptimizerState[string]) =>
    parallelism.divided
      ? source.tensorNames.map((name) => [name, source.shape(name)] as const)
      : Object.entries(variables).map(([name, { shape }]) => [name, shape] as const);
  const writer = createSafetensors(
    path,
    Object.entries(optimizer.state).flatMap(([slot, variables]) =>
      shapesOf(variables).map(([name, shape]) => ({ name: `${slot}/${name}`, dtype: "F32", shape }))
    ),
  );
  try {
    for (const slot of Object.keys(optimizer.state)) {
      for await (const { name, data } of wholeSlot(saved, slot)) {
        writer.write(`${slot}/${name}`, bytesOf(data));
      }
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
    if (folder !== best) await Deno.remove(folder, { recursive: true });
  }
  for (const entry of Deno.readDirSync(runFolder)) {
    if (/^\.step-\d+\.partial$/.test(entry.name)) await removeIfThere(join(runFolder, entry.name));
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
