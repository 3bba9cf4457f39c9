/** Names that `lr_scheduler_type=` takes, as in transformers. */
export const SCHEDULE_NAMES = ["constant", "linear", "cosine"] as const;
export type ScheduleName = typeof SCHEDULE_NAMES[number];

/** How the learning rate changes during a run. */
export interface Schedule {
  /** Learning rate after warm-up. */
  lr: number;
  lrSchedulerType: ScheduleName;
  /** Updates of linear warm-up. */
  warmupSteps: number;
}

/**
 * Learning rate of an update: warm-up from 1/(warmupSteps + 1) in equal steps as in the reference, then constant, or
 * down to 0 after the last update, in a line or along half a cosine as `get_scheduler` of transformers does.
 *
 * @param update how many updates there were before
 * @param updates how many there will be in all
 */
export function learningRate(
  { lr, lrSchedulerType, warmupSteps }: Schedule,
  update: number,
  updates: number,
): number {
  if (update < warmupSteps) return lr * (update + 1) / (warmupSteps + 1);
  const progress = Math.min(1, (update - warmupSteps) / Math.max(1, updates - warmupSteps));
  switch (lrSchedulerType) {
    case "constant":
      return lr;
    case "linear":
      return lr * (1 - progress);
    case "cosine":
      return lr * (1 + Math.cos(Math.PI * progress)) / 2;
  }
}
