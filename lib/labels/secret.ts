/**
 * The database's own secret: it decides side orders and signs sessions, so that both survive a restart.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Store } from "@/lib/store/store.ts";

/** The secret of this database (64 hexadecimal digits), made at the first call. */
export const readSecret = (store: Store): Promise<string> => readRandom(store, "label_secret");

/** A random setting of this database (64 hexadecimal digits), made at the first call with its key. */
export async function readRandom(store: Store, key: string): Promise<string> {
  await store.run("INSERT INTO settings VALUES ($1, $2::JSON) ON CONFLICT DO NOTHING", [
    key,
    JSON.stringify(randomBytes(32).toString("hex")),
  ]);
  const row = await store.row<{ value: string }>("SELECT value FROM settings WHERE key = $1", [
    key,
  ]);
  return JSON.parse(row!.value);
}
