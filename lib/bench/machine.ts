/**
 * The machine that measures, in words.
 *
 * @module
 */

/** What decides how fast a training step is. */
export interface Machine {
  cpu: string;
  cores: number;
  /** Instruction sets for bfloat16 among `amx_bf16`, `avx512_bf16`; empty where there is no /proc. */
  flags: string[];
  memoryBytes: number;
  /** Operating system and kernel. */
  system: string;
}

const MATRIX_FLAGS = ["amx_bf16", "avx512_bf16", "avx512f", "avx2"];

/** Describes this machine. */
export function describeMachine(): Machine {
  let cpuinfo = "";
  try {
    cpuinfo = Deno.readTextFileSync("/proc/cpuinfo");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const field = (name: string) => cpuinfo.match(new RegExp(`^${name}\\s*: (.*)$`, "m"))?.[1];
  const flags = new Set(field("flags")?.split(" ") ?? []);
  return {
    cpu: field("model name") ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    flags: MATRIX_FLAGS.filter((flag) => flags.has(flag)),
    memoryBytes: Deno.systemMemoryInfo().total,
    system: `${Deno.build.os} ${Deno.osRelease()}, ${Deno.build.arch}`,
  };
}
