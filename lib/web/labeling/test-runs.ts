/**
 * Runs of the unit tests on both sides of the pair on the screen.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { runTests } from "@/lib/web/client.ts";
import type { TestRun } from "@/lib/web/run-tests.ts";

/** Where a side's run stands. */
export type RunState =
  | { kind: "none" | "running" }
  | { kind: "done"; run: TestRun }
  | { kind: "failed"; message: string };

type Side = "a" | "b";

const NONE = { a: { kind: "none" }, b: { kind: "none" } } as const;

/** What the tests said of each side. */
export class TestRuns {
  readonly states = signal<Record<Side, RunState>>(NONE);
  #pair: string | null = null;

  /** Another pair is on the screen. */
  begin(pair: string | null): void {
    this.#pair = pair;
    this.states.value = NONE;
  }

  /** Runs the tests on a side, unless they do run or have run. */
  async run(side: Side): Promise<void> {
    const pair = this.#pair, { kind } = this.states.value[side];
    if (pair === null || kind === "running" || kind === "done") return;
    this.#set(side, { kind: "running" });
    const state = await runTests(pair, side).then(
      (run): RunState => ({ kind: "done", run }),
      (error): RunState => ({ kind: "failed", message: (error as Error).message }),
    );
    if (pair === this.#pair) this.#set(side, state);
  }

  #set(side: Side, state: RunState): void {
    this.states.value = { ...this.states.value, [side]: state };
  }
}
