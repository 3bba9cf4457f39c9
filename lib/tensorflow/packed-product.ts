/**
 * Products with matrices that never change, on CPUs with oneDNN.
 *
 * oneDNN's kernels want a matrix in blocks of their own and put it there in every call, which for a few rows costs as
 * much as the product. An operation that is told that its matrix is constant keeps what it packed in the first call.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { attr } from "./attributes.ts";
import { castTo, devices, dtypeOf, op } from "./backend.ts";
import { jit } from "./jit.ts";
import { TensorflowError } from "./library.ts";

/**
 * x_NI · w_OIᵀ in bf16, inside a function made with `jit`. That function has to be given the same w in every call: it
 * goes by what it packed in the first. What it packed takes as much memory as w, until the function is disposed of.
 */
export function packedProduct(x_NI: tf.Tensor, w_OI: tf.Tensor): tf.Tensor {
  return op("_MklNativeFusedMatMul", [
    // Which of the operation's kernels: the one for TensorFlow's own layout of tensors.
    attr.string("_kernel", "MklNameChangeOp"),
    attr.bool("is_filter_const", true),
    attr.bool("transpose_a", false),
    attr.bool("transpose_b", true),
    attr.type("T", dtypeOf(x_NI)),
    attr.int("num_args", 1),
    attr.string("fused_ops", ["BiasAdd"]),
    attr.float("epsilon", 0),
    attr.float("leakyrelu_alpha", 0),
  ], [x_NI, w_OI, castTo(tf.zeros([w_OI.shape[0]]), "bfloat16")]);
}

let possible: boolean | undefined;

/** Whether this TensorFlow has {@link packedProduct}: builds for other processors do not, nor do GPUs. */
export function canPackProducts(): boolean {
  possible ??= devices().every(({ type }) => type === "CPU") && tryOut();
  return possible;
}

function tryOut(): boolean {
  const product = jit(packedProduct, { name: "packed_product" });
  try {
    tf.tidy(() => {
      const x = castTo(tf.ones([2, 32]), "bfloat16"), w = castTo(tf.ones([4, 32]), "bfloat16");
      product(x, w).dispose();
    });
    return true;
  } catch (error) {
    if (!(error instanceof TensorflowError)) throw error;
    return false;
  } finally {
    product.dispose();
  }
}
