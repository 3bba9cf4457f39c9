/**
 * Losses: pure functions of log-probs. A new pair loss is one file and one line in {@link pairLoss}.
 *
 * @module
 */
import { dpoLoss } from "@/lib/losses/dpo.ts";
import { ipoLoss } from "@/lib/losses/ipo.ts";
import type { PairLogps, PairLosses } from "@/lib/losses/types.ts";

export { dpoLoss, type DpoOptions } from "@/lib/losses/dpo.ts";
export { ipoLoss, type IpoOptions } from "@/lib/losses/ipo.ts";
export { sftLoss } from "@/lib/losses/sft.ts";
export type { PairLogps, PairLosses } from "@/lib/losses/types.ts";

/** Names that `loss=` takes. */
export const LOSS_NAMES = ["sft", "dpo", "ipo"] as const;
export type LossName = typeof LOSS_NAMES[number];

/** The `loss.*` settings. */
export interface LossSettings {
  name: LossName;
  beta: number;
  labelSmoothing: number;
  referenceFree: boolean;
}

/** The pair loss of the given name. */
export function pairLoss(logps: PairLogps, settings: LossSettings): PairLosses {
  switch (settings.name) {
    case "dpo":
      return dpoLoss(logps, settings);
    case "ipo":
      return ipoLoss(logps, settings);
    case "sft":
      throw new TypeError("sft is not a pair loss");
  }
}
