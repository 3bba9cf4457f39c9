import { tf } from "@/lib/tensorflow/mod.ts";

/** −log σ(z), finite for every z. */
export const logistic = (z: tf.Tensor): tf.Tensor1D => tf.softplus(tf.neg(z) as tf.Tensor1D);

/** −(1 − ε)·log σ(z) − ε·log σ(−z): the expected {@link logistic} loss when the label is wrong with probability ε. */
export const smoothedLogistic = (z: tf.Tensor, epsilon = 0): tf.Tensor1D =>
  epsilon === 0
    ? logistic(z)
    : tf.add(tf.mul(logistic(z), 1 - epsilon), tf.mul(logistic(tf.neg(z)), epsilon));
