/**
 * Unit tests run at the press of a button, on one side of a pair.
 *
 * @module
 */
import { HttpError } from "fresh";
import type { Labeling } from "@/lib/labels/labeling.ts";
import { judge, type Judgement } from "@/lib/judging/judge.ts";
import { readJudgeable } from "@/lib/judging/read-judgeable.ts";
import type { Lease } from "@/lib/store/leases.ts";
import { oneAtATime } from "@/lib/web/one-at-a-time.ts";

/** What the page is told of a run; the single cases stay here. */
export type TestRun = Omit<Judgement, "cases">;

/** Which code is meant: a side as this labeler sees it. */
export interface WantedRun {
  labeler: string;
  pair: string;
  side: "a" | "b";
}

/** Runs a side's tests. Requests queue up: candidates that run beside each other would spoil each other's times. */
export function testRunner(
  lease: Lease,
  labeling: Labeling,
): (run: WantedRun) => Promise<TestRun> {
  const run = async ({ labeler, pair, side }: WantedRun): Promise<TestRun> => {
    const item = await labeling.item(labeler, { pair });
    const judgeable = await lease((store) => readJudgeable(store, item.question!.slug));
    if (judgeable.question.harness === null) {
      throw new HttpError(
        400,
        `This question has no tests that can be run: ${
          judgeable.question.unrunnable ?? "none are known"
        }.`,
      );
    }
    const { cases: _, ...told } = await judge(judgeable, item[side]!.code);
    return told;
  };

  return oneAtATime(run);
}
