/**
 * Tests against a hub of their own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { HubServer } from "@/tests/hub/hub-server.ts";

/** What tests change of the environment, which is as it was afterwards. */
const VARIABLES = [
  ...["HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"],
  ...["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"],
] as const;

type Environment = Partial<Record<typeof VARIABLES[number], string>>;

/** A hub, and where its files are kept here. */
export interface TestHub {
  server: HubServer;
  /** A folder for the test. */
  folder: string;
  /** `HF_HUB_CACHE`. */
  cache: string;
}

/** Runs a test with a hub and an empty cache; a client's mistakes fail it. */
export function withHub(test: (hub: TestHub) => Promise<void>, more: Environment = {}) {
  return async () => {
    const server = new HubServer(), folder = Deno.makeTempDirSync();
    const home = join(folder, "home"), cache = join(home, "hub");
    try {
      await withEnvironment(
        { HF_ENDPOINT: server.url, HF_HOME: home, ...more },
        () => test({ server, folder, cache }),
      );
      assert.deepEqual(server.violations, []);
    } finally {
      await server.close();
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

/** Runs something with these variables alone of those about the hub. */
export async function withEnvironment<T>(
  values: Environment,
  use: () => Promise<T> | T,
): Promise<T> {
  const before = VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const name of VARIABLES) set(name, values[name]);
  try {
    return await use();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}
