/**
 * What one judgement may use.
 *
 * @module
 */

/** Limits of one judgement. Those per case hold for each test case alone. */
export interface Limits {
  /** CPU time of a case; null: by the time that the question's own solution takes, see {@link timeLimits}. */
  cpu_seconds: number | null;
  /** Wall time of a case; null: by its CPU time. */
  wall_seconds: number | null;
  /** Wall time of the whole judgement. */
  job_seconds: number;
  /** Address space of a case. */
  memory_bytes: number;
  /** The longest value that a candidate may return. */
  output_bytes: number;
  /** Processes and threads of a case, the first one included. */
  processes: number;
  open_files: number;
}

/** Limits that a reasonable solution of the known question sets keeps well within. */
export const DEFAULT_LIMITS: Limits = {
  cpu_seconds: null,
  wall_seconds: null,
  job_seconds: 120,
  memory_bytes: 512 * 2 ** 20,
  output_bytes: 8 * 2 ** 20,
  processes: 16,
  open_files: 32,
};

/**
 * CPU and wall time of a case, in whole seconds: four times what the reference solution takes and at least 2 s,
 * or 10 s where the question has none that was measured. The wall clock is generous, because a machine under
 * load must not change a verdict; it is there for programs that wait.
 *
 * @param referenceSeconds CPU time of the reference solution in its slowest case
 */
export function timeLimits(
  limits: Limits,
  referenceSeconds: number | null,
): { cpu_seconds: number; wall_seconds: number } {
  const byReference = referenceSeconds === null ? 10 : Math.max(2, Math.ceil(4 * referenceSeconds));
  const cpu_seconds = limits.cpu_seconds ?? byReference;
  return { cpu_seconds, wall_seconds: limits.wall_seconds ?? 3 * cpu_seconds + 5 };
}
