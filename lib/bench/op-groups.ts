/**
 * Times of single operations, put together in the ways that one looks at a step: products and the rest, by
 * operation, by part of the model, by layer.
 *
 * @module
 */
import type { OpTime } from "@/lib/tensorflow/mod.ts";

/** An operation's times in one phase of a step (reference, policy, optimiser …). */
export interface PhaseOp extends OpTime {
  phase: string;
}

/** Time of some operations together. */
export interface TimeGroup {
  name: string;
  calls: number;
  milliseconds: number;
  /** Share of it that is matrix products. */
  productMilliseconds: number;
  outputBytes: number;
}

const PRODUCTS = new Set(["MatMul", "BatchMatMulV2", "_FusedMatMul"]);

/** Whether an operation is a matrix product. */
export const isProduct = ({ op }: Pick<OpTime, "op">): boolean => PRODUCTS.has(op);

/** Where in the model an operation belongs: its label without the layer's number; "other" without a label. */
export function partOf({ phase, scope }: PhaseOp): string {
  const words = scope.split("/");
  const gradient = words.includes("gradient");
  const part = words.filter((word) => word !== "gradient" && !/^layer \d+$/.test(word)).join("/") ||
    "other";
  return `${phase}: ${part}${gradient ? " (gradient)" : ""}`;
}

/** The layer that an operation belongs to; undefined outside of the layers. */
export function layerOf({ scope }: Pick<OpTime, "scope">): number | undefined {
  const found = scope.match(/(?:^|\/)layer (\d+)(?:\/|$)/);
  return found ? Number(found[1]) : undefined;
}

/** Groups by name, the slowest first. Operations without a name are left out. */
export function groupTimes(
  ops: readonly PhaseOp[],
  nameOf: (op: PhaseOp) => string | undefined,
): TimeGroup[] {
  const groups = new Map<string, TimeGroup>();
  for (const op of ops) {
    const name = nameOf(op);
    if (name === undefined) continue;
    const group = groups.get(name) ??
      { name, calls: 0, milliseconds: 0, productMilliseconds: 0, outputBytes: 0 };
    group.calls += op.calls;
    group.milliseconds += op.milliseconds;
    group.outputBytes += op.outputBytes;
    if (isProduct(op)) group.productMilliseconds += op.milliseconds;
    groups.set(name, group);
  }
  return [...groups.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

const ELEMENT_BYTES: Record<string, number> = { bfloat16: 2, float16: 2, float32: 4, float64: 8 };

/**
 * Floating-point operations of a product's calls, a multiplication and an addition as two.
 *
 * The sizes of both factors and of the result are m·k, k·n and m·n (each as often as there are matrices), so
 * that their product is (m·n·k)², whichever factor is transposed.
 */
export function productFlops({ shapes, calls, outputBytes }: OpTime): number {
  const [left, right] = [...shapes.matchAll(/(\w+)\[([\d,]*)\]/g)].map(([, dtype, dims]) => ({
    dtype,
    dims: dims.split(",").filter(Boolean).map(Number),
  }));
  const size = (dims: number[]) => dims.reduce((a, b) => a * b, 1);
  const matrices = size(left.dims.slice(0, -2));
  const result = outputBytes / calls / ELEMENT_BYTES[left.dtype];
  return 2 * calls * Math.sqrt(size(left.dims) * size(right.dims) * result / matrices);
}
