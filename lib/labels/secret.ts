/**
 * The database's own secret: it decides side orders and signs sessions, so that both survive a restart.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Store } from "@/lib/store/store.ts";

const KEY = "label_secret";

/** The secret of this database (64 hexadecimal digits), made at the first call. */
export async function readSecret(store: Store): Promise<string> {
  await store.run("INSERT INTO settings VALUES ($1, $2::JSON) ON CONFLICT DO NOTHING", [
    KEY,
    JSON.stringify(randomBytes(32).toString("hex")),
  ]);
  const row = await store.row<{ value: string }>("SELECT value FROM settings WHERE key = $1", [
    KEY,
  ]);
  return JSON.parse(row!.value);
}
