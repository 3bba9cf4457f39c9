/**
 * Names for labelers that do not say who they are.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Store } from "@/lib/store/store.ts";

const SALT = "pseudonym_salt";

/** `labeler-` and eight digits: in one database always the same for one person. @param salt of {@link readSalt} */
export const pseudonym = (salt: string, name: string): string =>
  `labeler-${createHmac("sha256", salt).update(name).digest("hex").slice(0, 8)}`;

/** What pseudonyms of this database are made with. It never leaves the database, so that nobody can try names. */
export async function readSalt(store: Store): Promise<string> {
  await store.run("INSERT INTO settings VALUES ($1, $2::JSON) ON CONFLICT DO NOTHING", [
    SALT,
    JSON.stringify(randomBytes(32).toString("hex")),
  ]);
  const row = await store.row<{ value: string }>("SELECT value FROM settings WHERE key = $1", [
    SALT,
  ]);
  return JSON.parse(row!.value);
}
