/**
 * Settings of a run of the tiny model on the committed pairs, for what is told of whole runs.
 *
 * @module
 */
import { join } from "node:path";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

const PAIRS = fromFileUrl(new URL("../fixtures/pairs.jsonl", import.meta.url));

/** @param folder holds the model as `tiny` */
export const tinyRun = (folder: string) => ({
  model: join(folder, "tiny"),
  datasets: `["${PAIRS}"]`,
  test_fraction: 0.2,
  loss: "dpo",
  "loss.beta": 0.1,
  exp_name: "tiny",
  precision: "fp32",
  lr: 1e-3,
  warmup_steps: 0,
  batch_size: 2,
  minimum_log_interval_secs: 0,
});
