/**
 * Where the time goes: every operation that a function runs, timed one by one.
 *
 * @module
 */
import { running } from "./backend.ts";
import { currentScope } from "./scope.ts";

/** The calls of one operation under one label on inputs of the same types and shapes. */
export interface OpTime {
  /** TensorFlow's operation, or the name that a kernel was given with `fused`. */
  op: string;
  /** The label of {@link scope} that it ran under. */
  scope: string;
  calls: number;
  /** Wall time of all calls together. */
  milliseconds: number;
  /** Bytes of all results together; strings count nothing. */
  outputBytes: number;
  /** The inputs' types and shapes: `float32[2,3], float32[3,4]`. */
  shapes: string;
}

/**
 * Runs `fn` operation by operation and times each, the slowest group first. Functions made with `jit` run as
 * plain code meanwhile, those made with `fused` as the kernels that they are.
 *
 * A kernel's first call compiles it: run `fn` once before. On a GPU operations are only started by their call,
 * and so is all that is timed; this is for CPUs.
 *
 * @throws TensorflowError inside a function that is being traced, or inside another `profileOps`
 */
export function profileOps<R>(fn: () => R): { result: R; ops: OpTime[] } {
  const groups = new OpTimes();
  const result = running().binding.observing.during(groups.add, fn);
  return { result, ops: groups.sorted() };
}

/**
 * The same for a function that waits in between, until its promise settles. Whatever else runs meanwhile counts too.
 *
 * @throws as {@link profileOps}, and what `fn` throws
 */
export async function profileOpsAsync<R>(
  fn: () => Promise<R>,
): Promise<{ result: R; ops: OpTime[] }> {
  const groups = new OpTimes();
  const result = await running().binding.observing.duringAsync(groups.add, fn);
  return { result, ops: groups.sorted() };
}

/** Operations by name, label and inputs. */
class OpTimes {
  private readonly groups = new Map<string, OpTime>();

  readonly add = (op: string, milliseconds: number, outputBytes: number, shapes: string): void => {
    const scope = currentScope();
    const key = `${op}\n${scope}\n${shapes}`;
    let group = this.groups.get(key);
    if (!group) {
      group = { op, scope, calls: 0, milliseconds: 0, outputBytes: 0, shapes };
      this.groups.set(key, group);
    }
    group.calls++;
    group.milliseconds += milliseconds;
    group.outputBytes += outputBytes;
  };

  /** The slowest first. */
  sorted(): OpTime[] {
    return [...this.groups.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  }
}
