/**
 * Files of a repository at one commit, as a folder of the cache.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { InputError, OperationError } from "@/lib/errors.ts";
import { freeBytes, sizeText } from "@/lib/free-space.ts";
import { answerOf, type Asked, HubAnswer } from "@/lib/hub/answer.ts";
import { RepoCache } from "@/lib/hub/cache.ts";
import { downloadFile, partialBytes } from "@/lib/hub/download-file.ts";
import { type HubEnvironment, hubEnvironment } from "@/lib/hub/environment.ts";
import { hubFetch, type HubFetchOptions } from "@/lib/hub/fetch.ts";
import { askHub, listCommit } from "@/lib/hub/listing.ts";
import {
  DEFAULT_REVISION,
  type HubFile,
  type HubRepo,
  isCommit,
  isRepoName,
  isRevision,
  repoPage,
} from "@/lib/hub/repository.ts";
import type { OnProgress } from "@/lib/progress.ts";

export interface SnapshotOptions extends Omit<HubFetchOptions, "attempts"> {
  /** A branch, tag, `refs/pr/N` or commit; default `main`. */
  revision?: string;
  /**
   * Which of a commit's files are wanted; all where it is not given. Without a hub, and without a listing from
   * before, it is asked about the files that are there.
   *
   * @throws what the caller has to say about a repository that holds nothing of use
   */
  select?: (files: readonly Pick<HubFile, "path" | "size">[]) => string[];
  /** Told about megabytes (10⁶ bytes). */
  onProgress?: OnProgress;
  /** See {@link downloadFile}. */
  idleMilliseconds?: number;
}

/** What was asked for, on this machine. */
export interface Snapshot {
  /** Holds the files under their paths; it belongs to the cache and may hold others. */
  folder: string;
  commit: string;
  /** Paths of the files that were selected. */
  files: string[];
}

/** Files that are downloaded at the same time. */
const AT_ONCE = 4;

/**
 * Downloads what is wanted of a repository and is not in the cache. A branch is looked up each time; where the hub
 * cannot be asked, what was downloaded last is taken, and that is said.
 *
 * @throws InputError when there is no such repository or revision, it may not be read, or `HF_HUB_OFFLINE` is set and
 *   something is missing
 * @throws OperationError when the hub cannot be reached, the disk is full, or contents are not what they should be;
 *   what was downloaded is kept
 */
export async function downloadSnapshot(
  repo: HubRepo,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const { revision = DEFAULT_REVISION, select = (files) => files.map(({ path }) => path) } =
    options;
  if (!isRepoName(repo.name) || !isRevision(revision)) {
    throw new InputError(
      `${repo.name}@${revision} cannot be on the hub; name NAMESPACE/NAME or NAMESPACE/NAME@REVISION.`,
    );
  }
  const hub = new Hub(repo, revision, hubEnvironment(), options);
  const commit = await hub.commit(), { cache } = hub, folder = cache.snapshot(commit);
  const known = cache.tree(commit);
  if (!known && !hub.online) {
    const present = cache.present(commit);
    if (present.length > 0) return { folder, commit, files: select(present) };
    throw new InputError(
      `nothing of the ${repo.type} ${repo.name} is in ${folder}; ${hub.whyOffline}.`,
    );
  }
  const listed = known ?? await listCommit(hub.asked, commit, options);
  const files = select(listed), wanted = new Set(files);
  const missing = listed.filter((file) => wanted.has(file.path) && !cache.has(commit, file));
  if (missing.length > 0) {
    if (!hub.online) {
      const names = missing.map(({ path }) => path).join(", ");
      throw new InputError(
        `${folder} lacks ${names} of the ${repo.type} ${repo.name}; ${hub.whyOffline}.`,
      );
    }
    await fetchFiles(hub, commit, missing, options);
  }
  // Of what has nothing of use nothing is kept.
  if (hub.online && files.length > 0) cache.keep(revision, commit, listed);
  return { folder, commit, files };
}

/** Whether something of a repository was downloaded before. */
export const isCached = (repo: HubRepo): boolean =>
  existsSync(new RepoCache(hubEnvironment().cacheFolder, repo).folder);

/** A repository on the hub and in the cache. */
class Hub {
  readonly cache: RepoCache;
  readonly asked: Asked;
  /** Whether the hub is there to be asked, as far as is known. */
  online: boolean;
  whyOffline = "HF_HUB_OFFLINE is set, unset it to download them";

  constructor(
    readonly repo: HubRepo,
    readonly revision: string,
    readonly environment: HubEnvironment,
    private readonly options: SnapshotOptions,
  ) {
    this.cache = new RepoCache(environment.cacheFolder, repo);
    this.online = !environment.offline;
    const { endpoint, token } = environment;
    this.asked = { endpoint, token, repo, revision };
  }

  /** The commit that the revision is at. */
  async commit(): Promise<string> {
    const { revision, cache, repo } = this;
    if (isCommit(revision)) return revision;
    const known = cache.commitOf(revision);
    if (!this.online) {
      if (known) return known;
      throw new InputError(
        `the ${repo.type} ${repo.name}${
          revision === DEFAULT_REVISION ? "" : `@${revision}`
        } is not in ` +
          `${this.environment.cacheFolder}, and HF_HUB_OFFLINE is set; unset it to download it.`,
        { cause: new HubAnswer(0, "", "HF_HUB_OFFLINE is set") },
      );
    }
    try {
      const attempts = known ? 1 : undefined;
      return (await askHub(this.asked, { ...this.options, attempts })).commit;
    } catch (error) {
      const answer = answerOf(error);
      if (!known || !answer || answer.code === "RevisionNotFound") throw error;
      this.online = false;
      this.whyOffline = (error as Error).message.replace(/\.$/, "");
      this.options.log?.(
        `${repo.name} is taken as it was when it was last downloaded (commit ${known}): ${this.whyOffline}`,
      );
      return known;
    }
  }
}

async function fetchFiles(
  hub: Hub,
  commit: string,
  missing: HubFile[],
  options: SnapshotOptions,
): Promise<void> {
  const { cache, environment: { endpoint, token, cacheFolder }, repo, asked } = hub;
  cache.makeFolders();
  // One file may be there under several names.
  const contents = [...new Map(missing.map((file) => [file.etag, file])).values()];
  const there = new Map(contents.map((file) => [
    file.etag,
    cache.hasBlob(file) ? file.size : partialBytes(cache, file),
  ]));
  const total = contents.reduce((sum, { size }) => sum + size, 0);
  const done = () => there.values().reduce((sum, bytes) => sum + bytes, 0);
  checkRoom(cacheFolder, repo, total - done());
  const report = ({ path }: HubFile) =>
    options.onProgress?.(Math.floor(done() / 1e6), Math.ceil(total / 1e6), path);

  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const fetch = hubFetch(asked, { ...options, signal });
  // Large ones last: a model is refused by its small files, and the time that is left is known best by large ones.
  const queue = contents.toSorted((a, b) => a.size - b.size).values();
  const work = async () => {
    for (const file of queue) {
      await downloadFile({
        ...options,
        url: `${repoPage(endpoint, repo)}/resolve/${commit}/${
          file.path.split("/").map(encodeURIComponent).join("/")
        }`,
        file,
        cache,
        fetch,
        token,
        signal,
        onSize: (bytes) => {
          there.set(file.etag, bytes);
          report(file);
        },
      });
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () =>
    work().catch((error) => {
      stop.abort(error);
      throw error;
    }));
  const failed = (await Promise.allSettled(workers)).some(({ status }) => status === "rejected");
  options.signal?.throwIfAborted();
  // The others were stopped because of the first.
  if (failed) throw stop.signal.reason;
  for (const file of missing) cache.link(commit, file);
  options.onProgress?.(Math.ceil(total / 1e6), Math.ceil(total / 1e6));
}

function checkRoom(folder: string, { type, name }: HubRepo, needed: number): void {
  const free = freeBytes(folder);
  if (needed <= free) return;
  throw new OperationError(
    `the disk of ${folder} has ${sizeText(free)} free, and ${
      sizeText(needed)
    } of the ${type} ${name} are still to be ` +
      "downloaded; free some, or name a folder on another disk with HF_HUB_CACHE.",
  );
}
