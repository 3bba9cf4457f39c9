import assert from "node:assert/strict";
import { compareRuns, OUR_WARM_UP } from "@/lib/bench/rounds.ts";
import { spread } from "@/lib/bench/statistics.ts";
import type { SideRun, StepTiming } from "@/lib/bench/training-side.ts";
import { OperationError } from "@/lib/errors.ts";

const step = (seconds: number, tokens: number, traced = false): StepTiming => ({
  seconds,
  tokens,
  traced,
  cpuSeconds: 2 * seconds,
  loss: 0.7,
});
const run = (steps: StepTiming[]): SideRun => ({
  steps,
  firstStepSeconds: 9,
  told: [],
  wallSeconds: 100,
  peakBytes: 1e9,
});

/** Ours: steps of warm-up and two measured ones. TRL's: one and the same two. */
const WARM_UP = [step(30, 1, true), ...Array.from({ length: OUR_WARM_UP - 1 }, () => step(9, 1))];
const TRL = run([step(50, 1000), step(10, 900), step(20, 1100)]);

Deno.test("rounds: speeds are of the batches after the warm-up, the ratio of both sides' speeds", () => {
  const ours = run([...WARM_UP, step(2, 900), step(3, 1100)]);
  const round = compareRuns(ours, TRL, "dpo");
  assert.deepEqual(round.batches, [OUR_WARM_UP, OUR_WARM_UP + 1]);
  assert.equal(round.ours.tokensPerSecond, 2000 / 5);
  assert.equal(round.trl.tokensPerSecond, 2000 / 30);
  assert.equal(round.ratio, 6);
  assert.equal(round.ours.secondsPerStep, 2.5);
  assert.equal(round.ours.cpuSecondsPerStep, 5);
});

Deno.test("rounds: a batch that ours traced a shape for is left out on both sides", () => {
  const ours = run([...WARM_UP, step(40, 900, true), step(4, 1100)]);
  const round = compareRuns(ours, TRL, "dpo");
  assert.deepEqual(round.batches, [OUR_WARM_UP + 1]);
  assert.equal(round.trl.tokensPerSecond, 1100 / 20);
  assert.equal(round.ratio, 5);
});

Deno.test("rounds: nothing but traced batches is an error that says what to do", () => {
  const ours = run(Array.from({ length: OUR_WARM_UP + 2 }, () => step(9, 1, true)));
  assert.throws(
    () => compareRuns(ours, TRL, "dpo"),
    (error) => error instanceof OperationError && /raise steps=/.test(error.message),
  );
});

Deno.test("rounds: CPU time stays unknown where one step's is", () => {
  const ours = run([
    ...Array.from({ length: OUR_WARM_UP + 1 }, () => step(2, 100)),
    { ...step(2, 100), cpuSeconds: undefined },
  ]);
  assert.equal(compareRuns(ours, TRL, "dpo").ours.cpuSecondsPerStep, undefined);
});

Deno.test("spread: median, smallest and largest", () => {
  assert.deepEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.deepEqual(spread([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
  assert.throws(() => spread([]), RangeError);
});
