/**
 * How far two sets of tensors are apart.
 *
 * @module
 */
import type { Weights } from "@/lib/models/weights.ts";
import { tf } from "@/lib/tensorflow/mod.ts";

/** The largest ‖found − wanted‖/‖wanted‖ over the tensors, and whose it is. */
export function largestDifference(
  found: Weights,
  wanted: Weights,
): { relative: number; name: string } {
  return Object.keys(wanted).map((name) => ({
    relative: tf.tidy(() => {
      const difference = tf.norm(tf.sub(found[name], wanted[name]));
      return tf.div(difference, tf.norm(wanted[name])).dataSync()[0];
    }),
    name,
  })).reduce((a, b) => b.relative > a.relative ? b : a);
}
