/**
 * From a model, or a checkpoint, to what is being trained.
 *
 * @module
 */
import { join } from "node:path";
import { tf } from "@/lib/tensorflow/mod.ts";
import { needsReference } from "@/lib/losses/mod.ts";
import { loadAdapters } from "@/lib/models/adapter-folder.ts";
import type { Weight } from "@/lib/models/export.ts";
import { initialAdapters, type LoraSettings } from "@/lib/models/lora.ts";
import { type ModelSource, openModel } from "@/lib/models/source.ts";
import {
  freezeAsTheyCome,
  frozenWeights,
  loadFrozenWeights,
  loadTensor,
  loadWeights,
  type Weights,
} from "@/lib/models/weights.ts";
import type { TrainHooks, TrainInput } from "@/lib/trainers/train-input.ts";
import type { Buckets } from "@/lib/trainers/buckets.ts";
import { REFERENCE_FILE, restoreOptimizer } from "@/lib/trainers/checkpoint.ts";
import { type Freeze, MovingReference } from "@/lib/trainers/moving-reference.ts";
import { Optimizer } from "@/lib/trainers/optimizers.ts";
import { moveToDevices, type Parallelism } from "@/lib/trainers/parallelism.ts";
import { precomputeReference, precomputes } from "@/lib/trainers/precompute.ts";
import { Steps } from "@/lib/trainers/step.ts";
import type { Trained } from "@/lib/trainers/update.ts";

interface Loaded {
  weights: Weights;
  adapted: Trained["adapted"];
  reference: Weights | null;
  moving: MovingReference | null;
}

/** Policy, reference and optimiser, as the checkpoint left them where there is one. */
export async function loadTrained(
  input: TrainInput,
  buckets: Buckets,
  hooks: TrainHooks,
): Promise<{ trained: Trained; moving: MovingReference | null }> {
  const { settings, source, precision, layout, checkpoint, parallelism } = input;
  const { weights, adapted, reference: frozen, moving } = settings.lora
    ? await loadAdapted(input, settings.lora)
    : parallelism.divided
    ? await loadParts(input)
    : await loadWhole(input);
  moveToDevices(weights, parallelism);
  if (frozen) moveToDevices(frozen, parallelism);
  const referenceLogps = frozen && precomputes(input)
    ? await precomputeReference(input, frozen, hooks)
    : null;
  if (frozen && referenceLogps && !adapted) tf.dispose(frozen);
  const optimizer = new Optimizer(settings.optimizer, weights, parallelism.deviceOf);
  if (checkpoint) await restoreOptimizer(checkpoint, optimizer, parallelism);
  const steps = new Steps(
    source.config,
    settings.loss,
    layout,
    precision,
    buckets,
    // A layer that is kept for its gradient is kept whole.
    settings.activationCheckpointing || parallelism.gathers,
    parallelism,
  );
  const reference = referenceLogps ? null : frozen;
  return {
    trained: { steps, weights, adapted, reference, referenceLogps, optimizer, precision },
    moving,
  };
}

async function loadWhole(input: TrainInput): Promise<Loaded> {
  const { settings, source, precision, checkpoint } = input;
  const initial = await loadWeights(source);
  const moving = await movingReference(input, initial, (all) => frozenWeights(all, precision));
  const frozen = () => needsReference(settings.loss) ? frozenWeights(initial, precision) : null;
  const reference = moving?.frozen ?? frozen();
  if (!checkpoint) return { weights: initial, adapted: null, reference, moving };
  tf.dispose(initial);
  const saved = await openModel(join(checkpoint, "policy"));
  const weights = await loadWeights(saved);
  saved.close();
  return { weights, adapted: null, reference, moving };
}

/** What this process keeps of the model; of no other tensor's numbers is anything kept in memory. */
async function loadParts(input: TrainInput): Promise<Loaded> {
  const { settings, source, checkpoint, parallelism } = input;
  const initial = await partsOf(source, parallelism);
  const moving = await movingReference(input, initial, copied);
  const reference = moving?.frozen ?? (needsReference(settings.loss) ? copied(initial) : null);
  if (!checkpoint) return { weights: initial, adapted: null, reference, moving };
  tf.dispose(initial);
  const saved = await openModel(join(checkpoint, "policy"));
  const weights = await partsOf(saved, parallelism);
  saved.close();
  return { weights, adapted: null, reference, moving };
}

/** What a process keeps of each tensor, one after the other. */
async function* tensorParts(source: ModelSource, parallelism: Parallelism): AsyncGenerator<Weight> {
  const shapes = parallelism.kept(
    new Map(source.tensorNames.map((name) => [name, source.shape(name)])),
  );
  const parts = parallelism.part([...shapes.keys()], async (name) => {
    const tensor = await loadTensor(source, name), values = await tensor.data<"float32">();
    tensor.dispose();
    return values;
  });
  for await (const [name, data] of parts) yield { name, shape: shapes.get(name)!, data };
}

async function partsOf(source: ModelSource, parallelism: Parallelism): Promise<Weights> {
  const weights: Weights = {};
  for await (const { name, shape, data } of tensorParts(source, parallelism)) {
    const given = tf.tensor(data, shape);
    // An operation takes it out of JavaScript's memory.
    weights[name] = tf.add(given, 0);
    given.dispose();
  }
  return weights;
}

/** Tensors of their own with the same values, which are in memory once. */
const copied = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, tensor.clone()]));

async function movingReference(
  { settings: { referenceSync }, checkpoint, parallelism }: TrainInput,
  initial: Weights,
  freeze: Freeze,
): Promise<MovingReference | null> {
  if (!referenceSync) return null;
  if (checkpoint) {
    const path = join(checkpoint, REFERENCE_FILE);
    return await MovingReference.restore(path, initial, referenceSync, freeze, parallelism);
  }
  const copies = Object.entries(initial).map(([name, w]) => [name, tf.add(w, 0)]);
  return new MovingReference(Object.fromEntries(copies), referenceSync, freeze);
}

/** The base is there once: it is what the adapters are on, and without them the reference. */
async function loadAdapted(
  { settings: { seed, loss }, source, precision, checkpoint, parallelism }: TrainInput,
  lora: LoraSettings,
): Promise<Loaded> {
  const weights = checkpoint
    ? loadAdapters(join(checkpoint, "adapter"), source.config, lora, source)
    : initialAdapters(source.config, lora, seed);
  const base = !parallelism.base
    ? await loadFrozenWeights(source, precision)
    : parallelism.base.gathers
    ? await partsOf(source, parallelism.base)
    : await freezeAsTheyCome(source.tensorNames, tensorParts(source, parallelism.base), precision);
  // Who computes with other examples drops out other inputs.
  const shareOfBatch = parallelism.batchShares > 1 ? parallelism.rank : 0;
  return {
    weights,
    adapted: {
      base,
      settings: lora,
      dropoutSeed: lora.dropout > 0 ? `${seed}/${shareOfBatch}` : null,
    },
    reference: needsReference(loss) ? base : null,
    moving: null,
  };
}
