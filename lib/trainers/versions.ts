/** Versions of what computes a run's numbers. */
import { tf, version } from "@/lib/tensorflow/mod.ts";

/** For config.json. */
export const engineVersions = (): Record<string, string> => ({
  deno: Deno.version.deno,
  tensorflow: version(),
  tfjs: tf.version_core,
});
