/**
 * How much memory a training run will take, before it takes it: from the model's numbers, the settings and the
 * shapes of the steps, by what the code keeps of each. Suffixes of sizes as in kernels.ts (N rows, M scored rows, C
 * hidden, F feed-forward, V vocabulary, Q and A widths of the attention's result and of its joined inputs).
 *
 * @module
 */
import type { DecoderConfig } from "@/lib/models/config.ts";
import { adapterShapes, type LoraSettings } from "@/lib/models/lora.ts";
import type { Precision } from "@/lib/models/precision.ts";
import { CHUNK_BYTES, KEPT_BYTES, LANES } from "@/lib/models/vocabulary.ts";
import { type OptimizerName, RULES } from "@/lib/trainers/optimizer-rules.ts";
import { type Sizes, sizesOf } from "@/lib/trainers/model-sizes.ts";
import { attentionMemory, type StepShape } from "@/lib/trainers/step-shapes.ts";
import { localConfig } from "@/lib/trainers/tensor-parallel.ts";

/** What of a run its memory depends on. */
export interface MemoryPlanInput {
  config: DecoderConfig;
  precision: Precision;
  optimizer: OptimizerName;
  lora: LoraSettings | null;
  /** The reference: none; its log-probs computed beforehand; its weights beside the policy's, which may follow it. */
  reference: "none" | "beforehand" | "live" | "following";
  checkpointing: boolean;
  /** Whether gradients of several parts are summed. */
  accumulates: boolean;
  /** Shapes of training steps. */
  training: StepShape[];
  /** Shapes of evaluations; those that training has too need not be there. */
  evaluation: StepShape[];
  /** How many prompts are answered at evaluations, and the longest prompt and answer together. */
  samples: { count: number; length: number } | null;
  /** Devices of one process that the layers are divided among in their order. */
  devices: number;
  /** Processes that the parameters are divided among. */
  processes: number;
  /** Whether they divide the matrices, and compute the same rows; else each has a piece of every layer. */
  tensorParallel: boolean;
  /** GPUs have memory of their own, without the process in it. */
  kind: "CPU" | "GPU";
  /** The model that adapters are of, where `config` is a part of it. */
  adapted?: DecoderConfig;
}

/** One line of a plan. */
export interface MemoryRow {
  what: string;
  bytes: number;
}

/** The plan of one device, at the moment when it takes the most. */
export interface DevicePlan {
  /** `CPU:0`, or of several processes `process 0` or `GPU process 0`. */
  device: string;
  rows: MemoryRow[];
  /** Sum of the rows. */
  bytes: number;
}

/**
 * A process that has done nothing but load Deno, JavaScript, TensorFlow's library and a tokenizer: 0.29 GiB of files
 * and 0.19 GiB of its own, measured on Linux.
 */
const PROCESS_BYTES = 0.48 * 2 ** 30;
/** CUDA's context and libraries on a GPU; assumed. */
const GPU_BYTES = 0.8 * 2 ** 30;
/**
 * Graph and compiled kernels of one shape, where one layer is recorded for all, else by layer (with adapters) and once;
 * measured with SmolLM2.
 */
const SHAPE_BYTES = {
  alike: 40 * 2 ** 20,
  perLayer: 3 * 2 ** 20,
  adapted: 7 * 2 ** 20,
  once: 30 * 2 ** 20,
};
/** Freed blocks that no new tensor fits into, as a share of what a step takes and gives back; measured. */
const FRAGMENTATION = 0.25;

/** What a device has of a model: some of its layers, and what is outside of layers or nothing of it. */
interface Share {
  layers: number;
  /** 1 where embeddings, last norm and output projection are here. */
  outside: number;
}

/** The plan of each device, or of each process. */
export function memoryPlan(input: MemoryPlanInput): DevicePlan[] {
  const { num_hidden_layers: layers } = input.config, { devices, processes, kind } = input;
  if (processes > 1) {
    return Array.from({ length: processes }, (_, i) => {
      // The first one samples.
      const samples = i === 0 ? input.samples : null;
      const own = { ...input, samples };
      const plan = devicePlan(input.tensorParallel ? localInput(own) : own, whole(layers), own);
      return { device: `${kind === "GPU" ? "GPU " : ""}process ${i}`, ...plan };
    });
  }
  return Array.from({ length: devices }, (_, i) => {
    const own = Math.ceil((i + 1) * layers / devices) - Math.ceil(i * layers / devices);
    const plan = devicePlan(input, { layers: own, outside: i === 0 ? 1 : 0 });
    return { device: `${kind}:${i}`, ...plan };
  });
}

const whole = (layers: number): Share => ({ layers, outside: 1 });

/** A run of one process alone, of the part of each matrix that one of several has. */
const localInput = (input: MemoryPlanInput): MemoryPlanInput => ({
  ...input,
  config: localConfig(input.config, input.processes),
  adapted: input.config,
  processes: 1,
  devices: 1,
});

/** @param model the run of the whole model, of which `input` may be a part */
function devicePlan(
  input: MemoryPlanInput,
  share: Share,
  model = input,
): Omit<DevicePlan, "device"> {
  const kept = keptRows(input, share, model);
  const moments = [
    ...input.training.flatMap((shape) => [
      forwardEnd(input, share, shape),
      backwardEnd(input, share, shape),
    ]),
    ...input.evaluation.map((shape) => evaluation(input, share, shape)),
    ...sampling(model, share),
  ];
  const largest = moments.reduce((a, b) => total(b) > total(a) ? b : a, []);
  const rows = [...kept, ...largest, {
    what: "holes between freed blocks",
    bytes: input.kind === "CPU" ? FRAGMENTATION * total(largest) : 0,
  }].filter(({ bytes }) => bytes > 0);
  return { rows, bytes: total(rows) };
}

const total = (rows: readonly MemoryRow[]) => rows.reduce((sum, { bytes }) => sum + bytes, 0);

/** What stays from the beginning to the end. */
function keptRows(input: MemoryPlanInput, share: Share, model: MemoryPlanInput): MemoryRow[] {
  const { kind, lora, processes, reference, optimizer, config } = input, s = sizesOf(config);
  const shapes = input.training.length + input.evaluation.length;
  // With recomputation a layer is in the graph twice, and backward.
  const perLayer = (lora ? SHAPE_BYTES.adapted : SHAPE_BYTES.perLayer) *
    (input.checkpointing ? 1.5 : 1);
  const alike = processes === 1 && input.devices === 1 && !lora?.dropout;
  const compiled = shapes *
    (alike ? SHAPE_BYTES.alike : perLayer * share.layers + SHAPE_BYTES.once * share.outside);
  const trained = trainedNumbers(input, share);
  const whole = 4 * numbers(s, share) / processes, frozen = frozenBytes(input, share);
  const sharded = model.processes > 1 && !(lora && model.tensorParallel) ? whole : frozen;
  return [
    {
      what: "process and libraries",
      bytes: kind === "GPU" ? GPU_BYTES : share.outside * PROCESS_BYTES,
    },
    // The file's largest tensor, as it was read.
    {
      what: "reading the model",
      bytes: kind === "CPU" ? share.outside * 4 * sizesOf(model.config).embedding : 0,
    },
    { what: "graphs and compiled kernels", bytes: compiled },
    lora ? { what: "weights of the base", bytes: sharded } : { what: "weights", bytes: whole },
    { what: "weights of the adapters", bytes: lora ? 4 * trained : 0 },
    { what: "optimiser's state", bytes: 4 * trained * RULES[optimizer].slots.length },
    {
      what: "reference",
      bytes: lora
        ? 0
        : reference === "live"
        ? sharded
        : reference === "following"
        ? whole + (model.processes > 1 ? 0 : frozen)
        : 0,
    },
  ];
}

const numbers = (s: Sizes, { layers, outside }: Share) =>
  layers * (s.joined + s.single + s.vectors) + outside * (s.embedding + s.head + s.rest);

/** How many numbers are trained, in one process. */
function trainedNumbers(
  { config, adapted = config, lora, processes }: MemoryPlanInput,
  share: Share,
): number {
  if (!lora) return numbers(sizesOf(config), share) / processes;
  const all = [...adapterShapes(adapted, lora).values()].reduce((n, [a, b]) => n + a * b, 0);
  return all * share.layers / config.num_hidden_layers;
}

const bytesOf = (precision: Precision) => precision === "bf16" ? 2 : 4;

/** A model that is not trained: matrices as products take them, embeddings in fp32. */
function frozenBytes({ config, precision }: MemoryPlanInput, { layers, outside }: Share): number {
  const s = sizesOf(config), e = bytesOf(precision);
  const head = e === 4 ? 4 * s.head : e * s.embedding;
  return layers * (e * (s.joined + s.single) + 4 * s.vectors) +
    outside * (4 * (s.embedding + s.rest) + head);
}

/**
 * Matrices as products take them, made from the weights in each step.
 * @param layers of how many layers they are there at once
 */
function castBytes(
  { precision, lora, devices }: MemoryPlanInput,
  s: Sizes,
  layers: number,
): number {
  const e = bytesOf(precision);
  // On the way back products take the base's matrix and A as one, made layer by layer unless devices divide these.
  if (lora) {
    const atOnce = devices > 1 ? layers : Math.min(1, layers);
    return lora.dropout > 0 ? 0 : atOnce * e * (s.joined + s.single);
  }
  // In fp32 a matrix of one tensor is that tensor.
  return layers * (e === 4 ? 4 * s.joined : e * (s.joined + s.single));
}

/** Of how many layers they are at once in a pass that keeps nothing: all are made at its beginning, unless gathered. */
const layersAtOnce = ({ processes }: MemoryPlanInput, { layers }: Share): number =>
  processes > 1 ? Math.min(2, layers) : layers;

/** Whole tensors from the pieces of all processes: of two layers at once, and of what is outside of layers. */
function gatheredRow({ config, processes, reference }: MemoryPlanInput): MemoryRow {
  const s = sizesOf(config), models = reference === "live" || reference === "following" ? 2 : 1;
  const whole = 2 * (s.joined + s.single + s.vectors) + models * (s.embedding + s.head + s.rest);
  return { what: "tensors gathered from all processes", bytes: processes > 1 ? 4 * whole : 0 };
}

/** What one layer keeps for the gradient, without the attention's own. */
function layerActivations(
  { config, precision, lora }: MemoryPlanInput,
  s: Sizes,
  { rows }: StepShape,
) {
  const e = bytesOf(precision), { parallel, postNorms, headNorms } = config.differences ?? {};
  const norms = parallel === "one-norm" ? 1 : 2;
  // Of norms before blocks the sum (fp32), the inverse root and the product's input, of others their input and the
  // inverse root; the input of o_proj; what the activation is given and its result.
  const perRow = norms * (4 * s.C + 4 + e * s.C) + (postNorms ? 2 * (e * s.C + 4) : 0) +
    (headNorms ? e * s.A : 0) + e * s.Q + e * (s.I + s.F);
  if (!lora) return rows * perRow;
  const targets = adapterShapes(config, lora).size / 2 / s.layers, inputs = 2 * s.C + s.Q + s.F;
  // u = x·Aᵀ of each adapter; with dropout the inputs again, and where they were dropped.
  const adapters = e * targets * lora.r + (lora.dropout > 0 ? (e + 1) * inputs : 0);
  return rows * (perRow + adapters);
}

/** What one layer computes on its way back beside what it kept: gradients of its widest tensors. */
function layerGradients({ precision }: MemoryPlanInput, s: Sizes, { rows }: StepShape): number {
  const e = bytesOf(precision);
  return rows * (e * (2 * s.I + s.F) + 8 * s.C + e * 2 * s.C);
}

/** Scores over the vocabulary at the moment when the head's gradient is computed. */
function scoreBytes(input: MemoryPlanInput, { scored }: StepShape, withGradient: boolean): number {
  const { config: { vocab_size: V, hidden_size: C }, precision, lora, reference } = input;
  const e = bytesOf(precision), all = scored * V * e;
  const chunk = Math.min(all, LANES * CHUNK_BYTES);
  const cast = e === 4 || lora ? 0 : e * V * C;
  const other = reference === "live" || reference === "following" ? chunk : 0;
  if (!withGradient) return chunk + cast + other;
  const kept = all <= KEPT_BYTES;
  // The table's gradient in stretches that are put together, then in fp32.
  const ofTable = lora ? 0 : Math.max(2 * e, 4 + (e === 4 ? 0 : e)) * V * C;
  return cast + (kept ? all : chunk) + chunk + ofTable + other;
}

/** When the last layer is done and the head's gradient is computed. */
function forwardEnd(input: MemoryPlanInput, { layers, outside }: Share, shape: StepShape) {
  const { config, checkpointing, precision } = input, s = sizesOf(config), e = bytesOf(precision);
  const attention = attentionMemory(config, shape, e);
  const whole = layerActivations(input, s, shape);
  const inputs = shape.rows * (4 + e) * s.C;
  const working = layerGradients(input, s, shape);
  // A layer is computed again while the gradients of the weights of the one before are still on their way; those of
  // adapters need little of it.
  const alive = checkpointing ? Math.min(input.lora ? 1 : 2, layers) : layers;
  return [
    {
      what: "matrices as products take them",
      bytes: castBytes(input, s, alive),
    },
    gatheredRow(input),
    {
      what: checkpointing ? "layers' inputs, and activations of the last ones" : "activations",
      bytes: (checkpointing ? layers * inputs : 0) + alive * whole + working +
        outside * shape.rows * 8 * s.C,
    },
    {
      what: "attention",
      bytes: alive * attention.kept + attention.working + attention.shared,
    },
    { what: "scores over the vocabulary", bytes: outside * scoreBytes(input, shape, true) },
    { what: "gradients", bytes: summedGradients(input, { layers, outside }) },
  ];
}

/** Gradients of parts of the batch that are there already: fp32. */
const summedGradients = (input: MemoryPlanInput, share: Share): number =>
  input.accumulates ? 4 * trainedNumbers(input, share) : 0;

/** When the first layer is through: all gradients are there, and one layer's activations still. */
function backwardEnd(input: MemoryPlanInput, share: Share, shape: StepShape): MemoryRow[] {
  const { config, precision, lora, processes } = input, s = sizesOf(config), e = bytesOf(precision);
  const attention = attentionMemory(config, shape, e);
  const matrices = share.layers * (s.joined + s.single);
  const own = lora || processes > 1
    ? 4 * trainedNumbers(input, share)
    : e * matrices + 4 * share.layers * s.vectors + share.outside * (4 * s.embedding + e * s.head);
  // The embeddings' gradient as it came from the head, and in fp32.
  const table = lora ? 0 : share.outside * 4 * s.embedding;
  // Whole, filled up and summed, before a process keeps its piece.
  const reduced = processes > 1 ? 12 * (s.embedding + s.head) : 0;
  return [
    { what: "matrices as products take them", bytes: castBytes(input, s, 1) },
    gatheredRow(input),
    {
      what: "activations",
      bytes: layerActivations(input, s, shape) + layerGradients(input, s, shape),
    },
    { what: "attention", bytes: attention.kept + attention.working + attention.shared },
    { what: "gradients", bytes: own + table + reduced + summedGradients(input, share) },
  ];
}

/** Losses without a gradient: policy and reference beside each other. */
function evaluation(input: MemoryPlanInput, share: Share, shape: StepShape): MemoryRow[] {
  const { config, precision } = input, s = sizesOf(config);
  const attention = attentionMemory(config, shape, bytesOf(precision));
  const layer = layerActivations(input, s, shape) + attention.kept;
  return [
    {
      what: "matrices as products take them",
      bytes: castBytes(input, s, layersAtOnce(input, share)),
    },
    gatheredRow(input),
    { what: "activations", bytes: 2 * layer },
    { what: "attention", bytes: attention.shared },
    { what: "scores over the vocabulary", bytes: share.outside * scoreBytes(input, shape, false) },
  ];
}

/** Samples at evaluations: a copy of the policy, and keys and values of all tokens. */
function sampling(input: MemoryPlanInput, share: Share): MemoryRow[][] {
  const { config, samples, precision } = input;
  if (!samples) return [];
  const s = sizesOf(config), kv = s.A - s.Q;
  return [[
    {
      what: "copy of the policy to sample from",
      bytes: frozenBytes(input, share),
    },
    {
      what: "keys and values of samples",
      bytes: samples.count * samples.length * share.layers * kv * bytesOf(precision) +
        samples.count * s.V * 4,
    },
  ]];
}
