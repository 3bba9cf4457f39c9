/**
 * Labels to a dataset of the Hugging Face hub.
 *
 * @module
 */
import {
  checkPush,
  type HubRepo,
  type Pushed,
  pushFolder,
  type PushOptions,
} from "@/lib/hub/mod.ts";
import { checkOrigins } from "@/lib/publish/licences.ts";
import {
  type Published,
  publishFolder,
  type PublishOptions,
} from "@/lib/publish/publish-folder.ts";
import { recordPush } from "@/lib/publish/revisions.ts";
import { withStore } from "@/lib/store/store.ts";

/** Options of {@link publishHub}. */
export interface HubPublishOptions
  extends Omit<PublishOptions, "check" | "kind">, Pick<PushOptions, "onProgress" | "log" | "wait"> {
  /** Whether only its owner may see it; default true. */
  private?: boolean;
  /** Sources and models, by name, whose texts are shown to all although their licences do not simply allow it. */
  accept?: readonly string[];
}

/** What was published here and on the hub. */
export interface HubPublished extends Published {
  hub: Pushed;
}

/** Files that a new revision takes the place of; other files of the repository stay. */
const OURS =
  /^(data|original)\/(train|test)-\d+-of-\d+\.parquet$|^figures\/(difficulty|votes)\.svg$/;

/**
 * Publishes to a folder, as {@link publishFolder}, and pushes it in one commit; none where the hub has it already. After
 * a push that broke, the same call sends the rest. The revision remembers repository and commit.
 *
 * @throws InputError as {@link publishFolder} and `pushFolder`, and where all could see what may not simply be passed on
 * @throws OperationError as `pushFolder`; the hub is as it was
 */
export async function publishHub(
  dbPath: string,
  out: string,
  repoName: string,
  { private: isPrivate = true, accept = [], onProgress, log, signal, wait, ...options }:
    HubPublishOptions = {},
): Promise<HubPublished> {
  const repo: HubRepo = { type: "dataset", name: repoName };
  const push = { private: isPrivate, onProgress, log, signal, wait };
  await checkPush(repo, push);
  const published = await publishFolder(dbPath, out, {
    ...options,
    signal,
    check: (facts) => {
      if (!isPrivate) checkOrigins(facts, accept);
    },
  });
  const { train, test, digest, path } = published;
  const hub = await pushFolder(repo, path, {
    ...push,
    title: `${train + test} preferences, revision ${digest.slice(0, 12)}`,
    replaces: (file) => OURS.test(file),
  });
  await withStore(
    dbPath,
    (store) => recordPush(store, published, { repo: repoName, commit: hub.commit }),
    { create: false },
  );
  return { ...published, hub };
}
