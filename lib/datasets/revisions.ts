/**
 * What was published before, in the table `dataset_revisions`.
 *
 * @module
 */
import type { Store } from "@/lib/store/store.ts";

/** One revision, where it is here and on a hub. */
export interface Revision {
  id: string;
  path: string;
  digest: string;
  /** NAMESPACE/NAME on a hub, and the commit there; null where it was not pushed. */
  repo: string | null;
  hub_commit: string | null;
  /** JSON: options and counts. */
  card: string;
  created_at: string;
}

/** All revisions, the newest first. */
export const readRevisions = (store: Store, limit = 100): Promise<Revision[]> =>
  store.rows<Revision>(
    `SELECT r.id, path, digest, repo, hub_commit, card, created_at
     FROM dataset_revisions r LEFT JOIN dataset_pushes p ON p.revision = r.id
     ORDER BY created_at DESC, r.id DESC LIMIT ${limit}`,
  );

/** The newest revision. */
export const newestRevision = async (store: Store): Promise<Revision | undefined> =>
  (await readRevisions(store, 1))[0];
