/**
 * How fast this machine multiplies matrices with our binding at best: what a training step is held against.
 *
 * @module
 */
import { attr, castTo, dtypeOf, jit, op, tf } from "@/lib/tensorflow/mod.ts";
import type { Precision } from "@/lib/models/precision.ts";

/** Rows, inner and outer width of a product x·Wᵀ. */
export type ProductShape = readonly [rows: number, inner: number, outer: number];

/** SmolLM2's products at three numbers of rows, and two large ones that any machine does well at. */
export const PEAK_SHAPES: readonly ProductShape[] = [
  ...[512, 1024, 2048].flatMap((rows): ProductShape[] => [
    [rows, 576, 576],
    [rows, 576, 1536],
    [rows, 1536, 576],
    [rows, 576, 49152],
  ]),
  [2048, 2048, 2048],
  [4096, 4096, 1024],
];

/** Speed of one shape. */
export interface ProductSpeed {
  shape: ProductShape;
  /** 10¹² operations per second, of the fastest repetition. */
  teraflops: number;
}

/** Each product runs so often in one call, so that the call's own cost does not count. */
const REPETITIONS = 4, CALLS = 4;

/**
 * Speed of each shape, fastest first. Takes some seconds.
 */
export async function measurePeak(
  precision: Precision,
  shapes: readonly ProductShape[] = PEAK_SHAPES,
): Promise<ProductSpeed[]> {
  const speeds: ProductSpeed[] = [];
  for (const shape of shapes) {
    speeds.push({ shape, teraflops: await productSpeed(shape, precision) });
  }
  return speeds.sort((a, b) => b.teraflops - a.teraflops);
}

async function productSpeed([rows, inner, outer]: ProductShape, precision: Precision) {
  const dtype = precision === "bf16" ? "bfloat16" : "float32";
  const made = tf.tidy(() => [
    // A left factor of its own for each: of equal products only one would be computed.
    ...Array.from({ length: REPETITIONS }, () => castTo(tf.randomNormal([rows, inner]), dtype)),
    castTo(tf.randomNormal([outer, inner]), dtype),
  ]);
  const products = jit((tensors: tf.Tensor[]) => {
    const w = tensors.at(-1)!;
    return tensors.slice(0, -1).map((x) =>
      op("MatMul", [
        attr.type("T", dtypeOf(x)),
        attr.bool("transpose_a", false),
        attr.bool("transpose_b", true),
      ], [x, w])
    );
  }, { name: "peak" });
  let best = Infinity;
  for (let call = 0; call <= CALLS; call++) {
    const start = performance.now();
    tf.dispose(await products.async(made));
    // The first call traces.
    if (call > 0) best = Math.min(best, performance.now() - start);
  }
  products.dispose();
  tf.dispose(made);
  return 2 * rows * inner * outer * REPETITIONS / (best / 1000) / 1e12;
}
