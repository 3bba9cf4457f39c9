/**
 * What a process and its descendants have used, from Linux's /proc.
 *
 * @module
 */

/** CPU time in seconds (user and system), and largest resident memory so far in bytes, summed over processes. */
export interface Usage {
  cpuSeconds: number;
  peakBytes: number;
}

/** Linux counts CPU time in hundredths of a second, on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Usage of a process and its descendants; undefined where there is no /proc, or the process has ended. */
export function usageOf(pid: number): Usage | undefined {
  const own = processUsage(pid);
  if (!own) return undefined;
  for (const child of childrenOf(pid)) {
    const usage = usageOf(child);
    own.cpuSeconds += usage?.cpuSeconds ?? 0;
    own.peakBytes += usage?.peakBytes ?? 0;
  }
  return own;
}

function processUsage(pid: number): Usage | undefined {
  const stat = read(`/proc/${pid}/stat`), status = read(`/proc/${pid}/status`);
  const peak = status?.match(/VmHWM:\s+(\d+) kB/);
  if (!stat || !peak) return undefined;
  // The name, in brackets, may hold anything: fields are counted behind it. Ended children count as their parent's.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15);
  return {
    cpuSeconds: (user + system + childrenUser + childrenSystem) / TICKS_PER_SECOND,
    peakBytes: Number(peak[1]) * 1024,
  };
}

function childrenOf(pid: number): number[] {
  let threads: string[];
  try {
    threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? "").split(" ").filter(Boolean).map(Number)
  );
}

/** A file of /proc; undefined when the process has ended meanwhile, or there is no /proc. */
function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
