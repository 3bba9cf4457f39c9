/**
 * Where benchmarks keep what they need again.
 *
 * @module
 */
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** The folder; it is made where it is not there. */
export async function benchCache(): Promise<string> {
  const folder = join(PROJECT_ROOT, ".cache", "bench");
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}
