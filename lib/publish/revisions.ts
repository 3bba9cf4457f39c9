/**
 * Takes note of what is published, in the table `dataset_revisions`.
 *
 * @module
 */
import { newestRevision, readRevisions } from "@/lib/datasets/revisions.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import type { Published } from "@/lib/publish/publish-folder.ts";
import type { SqlValue, Store } from "@/lib/store/store.ts";

/** Writes down a revision, unless it is the newest already. */
export async function recordRevision(
  store: Store,
  { path, digest, train, test, dropped, labelerKinds }: Published,
  options: PreferenceOptions,
): Promise<void> {
  const newest = await newestRevision(store);
  if (newest?.path === path && newest.digest === digest) return;
  await store.insert("dataset_revisions", [{
    id: crypto.randomUUID(),
    path,
    digest,
    card: { ...options, train, test, dropped, labelerKinds } as unknown as SqlValue,
  }]);
}

/** Writes down where a revision is on a hub; of several places the last one. */
export async function recordPush(
  store: Store,
  { path, digest }: Pick<Published, "path" | "digest">,
  { repo, commit }: { repo: string; commit: string },
): Promise<void> {
  const revision = (await readRevisions(store)).find((r) => r.path === path && r.digest === digest);
  if (!revision) return;
  await store.insert(
    "dataset_pushes",
    [{ revision: revision.id, repo, hub_commit: commit }],
    "DO UPDATE SET repo = excluded.repo, hub_commit = excluded.hub_commit",
  );
}
