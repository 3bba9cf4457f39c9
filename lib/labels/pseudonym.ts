/**
 * Names for labelers that do not say who they are.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { readRandom } from "@/lib/labels/secret.ts";
import type { Store } from "@/lib/store/store.ts";

/** `labeler-` and eight digits: in one database always the same for one person. @param salt of {@link readSalt} */
export const pseudonym = (salt: string, name: string): string =>
  `labeler-${createHmac("sha256", salt).update(name).digest("hex").slice(0, 8)}`;

/** What pseudonyms of this database are made with. It never leaves the database, so that nobody can try names. */
export const readSalt = (store: Store): Promise<string> => readRandom(store, "pseudonym_salt");
