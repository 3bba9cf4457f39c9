/**
 * The building blocks of a decoder with gradients written by hand: fewer saved tensors, and products in the
 * precision of the inputs. Suffixes: N rows (tokens), C hidden, F feed-forward, V vocabulary, B blocks,
 * H heads, G key/value heads, S length of a block, K head width.
 *
 * @module
 */
import { attr, customGrad, dtypeOf, fused, op, tf, together } from "@/lib/tensorflow/mod.ts";
import { type Precision, toCompute, toFp32 } from "@/lib/models/precision.ts";

const matMul = (a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor =>
  op("MatMul", [
    attr.type("T", dtypeOf(a)),
    attr.bool("transpose_a", transposeA),
    attr.bool("transpose_b", transposeB),
  ], [a, b]);

export const batchMatMul = (
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor =>
  op("BatchMatMulV2", [
    attr.type("T", dtypeOf(a)),
    attr.bool("adj_x", transposeA),
    attr.bool("adj_y", transposeB),
  ], [a, b]);

/** x_NI · w_OIᵀ in the given precision; gradients are in that precision too. */
export function linear(x_NI: tf.Tensor, w_OI: tf.Tensor, precision: Precision): tf.Tensor {
  return customGrad((x, w) => ({
    value: matMul(toCompute(x, precision), toCompute(w, precision), false, true),
    saved: [x, w],
    gradients: (dy, [x, w]) => {
      const d = toCompute(dy, precision);
      return [
        () => matMul(d, toCompute(w, precision), false, false),
        () => matMul(d, toCompute(x, precision), true, false),
      ];
    },
  }))(x_NI, w_OI);
}

const inverseRms = (x: tf.Tensor, epsilon: number) =>
  tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));

const normForward = new Map<string, ReturnType<typeof fused>>();
const normBackward = new Map<string, ReturnType<typeof fused>>();
const cached = <T>(map: Map<string, T>, key: string, make: () => T): T => {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
};

/** x_NC / rms(x) · w_C, computed in fp32, given in the precision of the next product. */
export function rmsNorm(
  x_NC: tf.Tensor,
  w_C: tf.Tensor,
  epsilon: number,
  precision: Precision,
): tf.Tensor {
  const key = `${epsilon} ${precision}`;
  const forward = cached(
    normForward,
    key,
    () =>
      fused(
        "rms_norm",
        (x, w) => [toCompute(tf.mul(tf.mul(x, inverseRms(x, epsilon)), w), precision)],
      ),
  );
  const backward = cached(normBackward, key, () =>
    fused("rms_norm_grad", (dy, x, w) => {
      const r = inverseRms(x, epsilon), d = toFp32(dy), unit = tf.mul(x, r), g = tf.mul(d, w);
      const dx = tf.mul(tf.sub(g, tf.mul(unit, tf.mean(tf.mul(g, unit), -1, true))), r);
      return [dx, tf.sum(tf.mul(d, unit), 0)];
    }));
  return customGrad((x, w) => ({
    value: forward(x, w)[0],
    saved: [x, w],
    gradients: (dy, [x, w]) => together(2, () => backward(dy, x, w)),
  }))(x_NC, w_C);
}

const gateForward = fused("swiglu", (gate, up) => {
  const g = toFp32(gate);
  return [tf.mul(tf.mul(g, tf.sigmoid(g)), toFp32(up))];
});
const gateForwardBf16 = fused("swiglu", (gate, up) => {
  const g = toFp32(gate);
  return [toCompute(tf.mul(tf.mul(g, tf.sigmoid(g)), toFp32(up)), "bf16")];
});
const gateGradients = (gate: tf.Tensor, up: tf.Tensor, dy: tf.Tensor) => {
  const g = toFp32(gate), s = tf.sigmoid(g), silu = tf.mul(g, s), d = toFp32(dy);
  return [
    tf.mul(tf.mul(d, toFp32(up)), tf.add(s, tf.mul(silu, tf.sub(1, s)))),
    tf.mul(d, silu),
  ];
};
const gateBackward = fused("swiglu_grad", (gate, up, dy) => gateGradients(gate, up, dy));
const gateBackwardBf16 = fused(
  "swiglu_grad",
  (gate, up, dy) => gateGradients(gate, up, dy).map((t) => toCompute(t, "bf16")),
);

/** silu(gate_NF) · up_NF */
export function swiGlu(gate_NF: tf.Tensor, up_NF: tf.Tensor, precision: Precision): tf.Tensor {
  const [forward, backward] = precision === "bf16"
    ? [gateForwardBf16, gateBackwardBf16]
    : [gateForward, gateBackward];
  return customGrad((gate, up) => ({
    value: forward(gate, up)[0],
    saved: [gate, up],
    gradients: (dy, [gate, up]) => together(2, () => backward(gate, up, dy)),
  }))(gate_NF, up_NF);
}

/** Rotates the two halves of each head by the position's angles; `sign` −1 rotates back. */
const rotate = (x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, sign: 1 | -1): tf.Tensor => {
  const [first, second] = tf.split(toFp32(x), 2, -1), s = sign === 1 ? sin : tf.neg(sin);
  return tf.concat([
    tf.sub(tf.mul(first, cos), tf.mul(second, s)),
    tf.add(tf.mul(second, cos), tf.mul(first, s)),
  ], -1);
};
const rotations = {
  fp32: {
    forward: fused("rope", (x, cos, sin) => [rotate(x, cos, sin, 1)]),
    backward: fused("rope_grad", (x, cos, sin) => [rotate(x, cos, sin, -1)]),
  },
  bf16: {
    forward: fused("rope", (x, cos, sin) => [toCompute(rotate(x, cos, sin, 1), "bf16")]),
    backward: fused("rope_grad", (x, cos, sin) => [toCompute(rotate(x, cos, sin, -1), "bf16")]),
  },
};

/** Rotary position embedding of x_NHK with the angles' cosines and sines, each [N, 1, K/2]. */
export function rope(
  x_NHK: tf.Tensor,
  cos_N1L: tf.Tensor,
  sin_N1L: tf.Tensor,
  precision: Precision,
): tf.Tensor {
  const { forward, backward } = rotations[precision];
  return customGrad((x) => ({
    value: forward(x, cos_N1L, sin_N1L)[0],
    saved: [cos_N1L, sin_N1L],
    gradients: (dy, [cos, sin]) => [() => backward(dy, cos, sin)[0]],
  }))(x_NHK);
}

/** x_NC (fp32) plus what a block adds to it. */
export function addResidual(x_NC: tf.Tensor, y_NC: tf.Tensor, precision: Precision): tf.Tensor {
  return customGrad((x, y) => ({
    value: tf.add(x, toFp32(y)),
    saved: [],
    gradients: (dy) => [() => dy.clone(), () => toCompute(dy, precision).clone()],
  }))(x_NC, y_NC);
}

/** Rows of the embedding table, in fp32. */
export function embed(ids_N: tf.Tensor, table_VC: tf.Tensor): tf.Tensor {
  return customGrad((table) => ({
    value: tf.gather(table, ids_N as tf.Tensor1D),
    saved: [],
    gradients: (dy) => [() => tf.unsortedSegmentSum(dy, ids_N as tf.Tensor1D, table_VC.shape[0])],
  }))(table_VC);
}

/** Rows `index` of x; every row is used at most once, and `inverse` says where each one went. */
export function permuteRows(x: tf.Tensor, index: tf.Tensor, inverse: tf.Tensor): tf.Tensor {
  return customGrad((x) => ({
    value: tf.gather(x, index as tf.Tensor1D),
    saved: [],
    gradients: (dy) => [() => tf.gather(dy, inverse as tf.Tensor1D)],
  }))(x);
}

/** Next-token scores h_NC · head_VCᵀ in fp32. */
export const project = (h_NC: tf.Tensor, head_VC: tf.Tensor, precision: Precision): tf.Tensor =>
  toFp32(matMul(toCompute(h_NC, precision), toCompute(head_VC, precision), false, true));

/**
 * log p(target) of each row.
 *
 * The log of the normaliser comes from the largest logit and its probability, so that no probability is ever
 * taken the log of when it is small: improbable targets keep full precision.
 *
 * @param h_MC hidden states after the last norm
 * @param head_VC output projection
 * @param targets_M token ids, int32
 * @returns fp32 [M]
 */
export function tokenLogps(
  h_MC: tf.Tensor,
  head_VC: tf.Tensor,
  targets_M: tf.Tensor,
  precision: Precision,
): tf.Tensor {
  const M = h_MC.shape[0], targets_M1 = tf.reshape(targets_M, [M, 1]);
  return customGrad((h, head) => {
    const logits_MV = project(h, head, precision);
    const p_MV = tf.softmax(logits_MV);
    const logNormaliser_M = tf.sub(tf.max(logits_MV, -1), tf.log(tf.max(p_MV, -1)));
    const chosen_M = tf.reshape(gatherColumn(logits_MV, targets_M1), [M]);
    return {
      value: tf.sub(chosen_M, logNormaliser_M),
      saved: [h, head, toCompute(p_MV, precision).clone()],
      gradients: (dy, [h, head, p]) => {
        const dy_M1 = tf.reshape(dy, [M, 1]);
        return [
          () => {
            const expected = toFp32(matMul(p, toCompute(head, precision), false, false));
            const dh = tf.mul(tf.sub(tf.gather(head, targets_M as tf.Tensor1D), expected), dy_M1);
            return toCompute(dh, precision).clone();
          },
          () => {
            const weighted = tf.mul(toFp32(h), dy_M1);
            const taken = tf.unsortedSegmentSum(weighted, targets_M as tf.Tensor1D, head.shape[0]);
            return tf.sub(taken, toFp32(matMul(p, toCompute(weighted, precision), true, false)));
          },
        ];
      },
    };
  })(h_MC, head_VC);
}

const gatherColumn = (x_MV: tf.Tensor, column_M1: tf.Tensor) =>
  op("GatherV2", [
    attr.int("batch_dims", 1),
    attr.type("Tparams", dtypeOf(x_MV)),
    attr.type("Tindices", dtypeOf(column_M1)),
    attr.type("Taxis", 3),
  ], [x_MV, column_M1, tf.scalar(1, "int32")]);
