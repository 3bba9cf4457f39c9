/** Processes by what the system says of them. Linux alone. */

/** Ids of the children of a process, oldest first. */
export function childrenOf(pid: number): number[] {
  const children = [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean)
  );
  return children.map(Number).sort((a, b) => a - b);
}

/** Waits until none of the processes runs; one that nobody has asked for its end counts as ended. */
export async function ended(pids: readonly number[]): Promise<void> {
  const runs = (pid: number) => {
    try {
      return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error))) return false;
      throw error;
    }
  };
  while (pids.some(runs)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Addresses of the IPv4 interfaces that a process's network has. */
export function localAddresses(pid: number): string[] {
  const table = Deno.readTextFileSync(`/proc/${pid}/net/fib_trie`);
  const found = table.matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g);
  return [...new Set(Array.from(found, ([, address]) => address))];
}
