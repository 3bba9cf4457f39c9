/**
 * The network that workers speak to each other on. TensorFlow's servers listen on every interface, ask for no password
 * and run what they are sent, so nobody else may reach them: workers of one machine get a network namespace with
 * nothing but a loopback interface, where the system allows it.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";

/** What is put before the commands of workers; nothing where the network is used as it is. */
export interface Network {
  /** Whether the first worker makes a network, whose loopback interface is down. */
  fresh: boolean;
  /** Before the first worker's command. */
  first: string[];
  /** Before another one's, of the first one's process id. */
  joining(firstPid: number): string[];
}

const AS_IT_IS: Network = { fresh: false, first: [], joining: () => [] };

/** Root needs no user namespace, which would take its rights on other users' files away. */
const KINDS: Network[] = [
  {
    fresh: true,
    first: ["unshare", "--net", "--"],
    joining: (pid) => ["nsenter", `--target=${pid}`, "--net", "--"],
  },
  {
    fresh: true,
    first: ["unshare", "--user", "--map-root-user", "--net", "--"],
    joining: (
      pid,
    ) => ["nsenter", `--target=${pid}`, "--user", "--preserve-credentials", "--net", "--"],
  },
];

/**
 * The network for so many workers on this machine.
 * @param trusted the user says that nobody else reaches the workers' ports
 * @throws InputError when it is not, and cannot be isolated
 */
export async function workersNetwork(workers: number, trusted: boolean): Promise<Network> {
  if (workers === 1 || trusted || onlyLoopback()) return AS_IT_IS;
  for (const kind of KINDS) if (await isAvailable(kind)) return kind;
  throw new InputError(
    "Workers listen for each other without passwords on every network interface, and this system lets them have no " +
      "network of their own (unshare and nsenter of util-linux, with user namespaces); say trust_network=true where a " +
      "firewall keeps others from their ports.",
  );
}

const onlyLoopback = () =>
  Deno.networkInterfaces().every(({ address }) => /^127\.|^::1$/.test(address));

/** Whether a namespace can be made, and joined from within. */
async function isAvailable({ first }: Network): Promise<boolean> {
  const [program, ...args] = [...first, "nsenter", "--net=/proc/self/ns/net", "true"];
  try {
    const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
