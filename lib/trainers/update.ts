/**
 * One update of the weights from one batch: gradients in parts, clipping, the optimiser.
 *
 * @module
 */
import { fused, jit, tf } from "@/lib/tensorflow/mod.ts";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { OperationError } from "@/lib/errors.ts";
import { type Precision, toFp32 } from "@/lib/models/precision.ts";
import { disposeLayout } from "@/lib/models/layout.ts";
import type { Weights } from "@/lib/models/weights.ts";
import { clipFactor, learningRate, type Optimizer } from "@/lib/trainers/optimizers.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";
import { type ExampleResults, readResults, type Steps } from "@/lib/trainers/step.ts";

/** What is being trained. `weights` are replaced by each update. */
export interface Trained {
  steps: Steps;
  weights: Weights;
  /** Weights of the reference; null for SFT. */
  reference: Weights | null;
  optimizer: Optimizer;
  precision: Precision;
}

/** What one update did. */
export interface UpdateReport {
  /** Norm of the whole gradient before clipping. */
  norm: number;
  lr: number;
  /** Results of each part of the batch. */
  results: ExampleResults[];
  /** Norms of single tensors' gradients before clipping, for those asked for. */
  norms: Record<string, number>;
}

type UpdateSettings = Pick<
  TrainSettings,
  "lr" | "warmupSteps" | "maxGradNorm" | "gradientAccumulationSteps"
>;

/** Sums of squares in [64] parts: sums along the first axis are several times faster than one whole sum. */
const squareSums = fused(
  "square_sums",
  (g) => [tf.sum(tf.square(tf.reshape(toFp32(g), [-1, g.size % 64 === 0 ? 64 : 1])), 0)],
);

/** Norm of all gradients together, in fp32 whatever their type. */
const globalNorm = jit(
  (gradients: tf.Tensor[]) => tf.sqrt(tf.addN(gradients.map((g) => tf.sum(squareSums(g)[0])))),
  { name: "global_norm" },
);

/**
 * Updates the weights from one batch.
 *
 * @param updates how many updates there were before
 * @param normsOf names of the tensors whose gradient norms are told
 * @throws OperationError when the gradient is not finite, or, before the first update, when policy and reference
 *   give the batch different log-probs
 */
export async function update(
  trained: Trained,
  pairs: TokenizedPair[],
  updates: number,
  settings: UpdateSettings,
  normsOf: string[] = [],
): Promise<UpdateReport> {
  const { weights, optimizer } = trained;
  const size = pairs.length / settings.gradientAccumulationSteps;
  const results: ExampleResults[] = [];
  let gradients: Weights | null = null;
  for (let at = 0; at < pairs.length; at += size) {
    const part = await gradientsOf(
      trained,
      pairs.slice(at, at + size),
      size / pairs.length,
      updates === 0,
    );
    results.push(part.results);
    gradients = gradients ? addInto(gradients, part.gradients) : part.gradients;
  }
  const normOf = async (tensors: tf.Tensor[]) => readScalar(await globalNorm.async(tensors));
  const norm = await normOf(Object.values(gradients!));
  const norms: Record<string, number> = {};
  for (const name of normsOf) norms[name] = await normOf([gradients![name]]);
  if (!Number.isFinite(norm)) {
    throw new OperationError(
      `The gradient of update ${
        updates + 1
      } is not finite (${norm}); lower lr= or raise warmup_steps=. ` +
        `Its pairs: ${pairs.map((p) => p.id).join(", ")}.`,
    );
  }
  const lr = learningRate(settings.lr, settings.warmupSteps, updates);
  optimizer.apply(weights, gradients!, lr, clipFactor(norm, settings.maxGradNorm), updates + 1);
  return { norm, lr, results, norms };
}

async function gradientsOf(
  { steps, weights, reference, precision }: Trained,
  pairs: TokenizedPair[],
  scale: number,
  first: boolean,
): Promise<{ gradients: Weights; results: ExampleResults }> {
  const tensors = steps.place(pairs);
  const known = reference ? await steps.logps(reference, tensors) : null;
  const { gradients, examples, logps } = await steps.gradients(weights, tensors, known, scale);
  if (known && first) {
    checkReference(logps.dataSync() as Float32Array, known.dataSync() as Float32Array, precision);
  }
  logps.dispose();
  known?.dispose();
  disposeLayout(tensors);
  return { gradients, results: readResults(examples) };
}

const addTwo = fused("accumulate", (a, b) => [tf.add(toFp32(a), toFp32(b))]);

/** Adds the second gradients to the first ones in fp32, one tensor at a time. */
function addInto(sums: Weights, gradients: Weights): Weights {
  for (const name of Object.keys(sums)) {
    const [sum] = addTwo(sums[name], gradients[name]);
    tf.dispose([sums[name], gradients[name]]);
    sums[name] = sum;
  }
  return sums;
}

function readScalar(tensor: tf.Tensor): number {
  const [value] = tensor.dataSync();
  tensor.dispose();
  return value;
}

/** How far policy and reference may be apart before the first update, relative to max(1, |log-prob|). */
const REFERENCE_TOLERANCE: Record<Precision, number> = { fp32: 1e-3, bf16: 1e-2 };

function checkReference(policy: Float32Array, reference: Float32Array, precision: Precision): void {
  policy.forEach((logp, i) => {
    const difference = Math.abs(logp - reference[i]) / Math.max(1, Math.abs(reference[i]));
    if (difference <= REFERENCE_TOLERANCE[precision]) return;
    throw new OperationError(
      `Before the first update policy and reference give sequence ${i} the log-probs ${logp} and ${
        reference[i]
      }; ` +
        `they have to be the same model computed the same way. Try precision=fp32.`,
    );
  });
}
