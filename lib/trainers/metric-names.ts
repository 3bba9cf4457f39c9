/**
 * What the numbers of a run are called, for the reference page and for whoever reads metrics.jsonl.
 *
 * @module
 */

/** One metric. */
export interface MetricName {
  unit: string;
  meaning: string;
}

/** What is measured of examples, in training and on held-out ones: names with `{split}` for `train` and `eval`. */
export const EXAMPLE_METRICS: Readonly<Record<string, MetricName>> = {
  "loss/{split}": {
    unit: "nats per example",
    meaning:
      "mean loss; of `sft` and `ipo` from sums over a response's tokens, per token with `loss.average_log_prob=true`",
  },
  "logps_{split}/chosen": {
    unit: "nats per response",
    meaning: "mean log π(y∣x) of chosen responses under the policy, summed over tokens",
  },
  "logps_{split}/rejected": {
    unit: "nats per response",
    meaning: "the same of rejected responses; not with `loss=sft`",
  },
  "rewards_{split}/chosen": {
    unit: "nats",
    meaning:
      "mean implicit reward β·(log π − log π_ref) of chosen responses; of losses without a reference β times the mean " +
      "log-probability of a token; not with `loss=sft`",
  },
  "rewards_{split}/rejected": { unit: "nats", meaning: "the same of rejected responses" },
  "rewards_{split}/margins": {
    unit: "nats",
    meaning: "mean of reward of chosen − reward of rejected",
  },
  "rewards_{split}/accuracies": {
    unit: "1",
    meaning: "share of pairs whose chosen response has the higher reward; 0.5 is chance",
  },
};

/** What is measured of updates since the line before. */
export const UPDATE_METRICS: Readonly<Record<string, MetricName>> = {
  grad_norm: { unit: "1", meaning: "norm of the last update's gradient, before clipping" },
  lr: { unit: "1", meaning: "learning rate of the last update" },
  examples_per_second: {
    unit: "1/s",
    meaning: "examples trained on, over the whole time of steps",
  },
  tokens_per_second: {
    unit: "1/s",
    meaning:
      "tokens other than padding of prompt + chosen and prompt + rejected (the prompt counts twice; with `loss=sft` " +
      "prompt + chosen), over the whole time of steps: data, reference, optimiser and logging included",
  },
  "counters/traces": {
    unit: "1",
    meaning: "steps traced and compiled so far: one for each shape of a batch",
  },
};

/** What every line of metrics.jsonl has. */
export const LINE_METRICS: Readonly<Record<string, MetricName>> = {
  examples: { unit: "1", meaning: "examples trained on so far" },
  updates: { unit: "1", meaning: "updates of the weights so far" },
  time: { unit: "ISO 8601, UTC", meaning: "when the line was written" },
  "counters/examples": { unit: "1", meaning: "as `examples`, under the reference's name" },
  "counters/updates": { unit: "1", meaning: "as `updates`, under the reference's name" },
  peak_memory_bytes: {
    unit: "B",
    meaning:
      "largest resident memory so far (VmHWM), of all processes of the run together; GPUs' memory is not in it",
  },
  planned_memory_bytes: {
    unit: "B",
    meaning: "what was planned for it; not where plans and processes cannot be compared",
  },
};

/** A metric's names: one, or one of each split. */
export const namesOf = (name: string): string[] =>
  name.includes("{split}") ? ["train", "eval"].map((s) => name.replace("{split}", s)) : [name];
