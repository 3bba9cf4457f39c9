/**
 * A folder as what is in a repository: one commit, and none where it is there already.
 *
 * Large files are sent by Git LFS. The library's other way, Xet, is switched off: the hub takes both, and only the first
 * has a protocol that a test can check.
 *
 * @module
 */
import { commitIter, createRepo } from "@huggingface/hub";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { answerOf, type Asked, understood } from "@/lib/hub/answer.ts";
import { hubEnvironment } from "@/lib/hub/environment.ts";
import type { HubFetchOptions } from "@/lib/hub/fetch.ts";
import { askHub, libraryCall, listCommit } from "@/lib/hub/listing.ts";
import { DEFAULT_REVISION, type HubRepo, isRepoName, repoPage } from "@/lib/hub/repository.ts";
import type { OnProgress } from "@/lib/progress.ts";

export interface PushOptions extends Omit<HubFetchOptions, "attempts"> {
  /** Whether only its owner may see the repository, where it is made. Into one that all see nothing private is pushed. */
  private: boolean;
  /** What the commit is called. */
  title: string;
  /** Which files of the repository are removed where the folder has none of their names; by default none. */
  replaces?: (path: string) => boolean;
  /** Told about megabytes (10⁶ bytes). */
  onProgress?: OnProgress;
}

/** What the hub has now. */
export interface Pushed {
  /** The repository's page. */
  url: string;
  commit: string;
  /** Whether the commit was made now. */
  changed: boolean;
  private: boolean;
}

/** A file of the folder. */
interface LocalFile {
  /** In the repository. */
  path: string;
  /** On this machine. */
  from: string;
  size: number;
}

/**
 * Refuses what a push would be refused for, as far as it is known without one. Nothing is changed.
 *
 * @throws InputError without a token, for a name that the hub does not take, and for a repository that all can see
 *   where `private` is asked for
 */
export async function checkPush(
  repo: HubRepo,
  options: Omit<PushOptions, "title">,
): Promise<void> {
  await new Remote(repo, { ...options, title: "" }).find();
}

/**
 * Makes a repository hold what a folder holds, making it where it is not there. Files of the repository that the folder
 * does not have stay, but for those that it replaces. Large files that a broken push has sent are not sent again.
 *
 * @throws InputError as {@link checkPush}, and when the token may not write there
 * @throws OperationError when somebody else pushes meanwhile, or the hub cannot be reached; the repository is as before
 */
export async function pushFolder(
  repo: HubRepo,
  folder: string,
  options: PushOptions,
): Promise<Pushed> {
  const remote = new Remote(repo, options);
  const found = await remote.find() ?? await remote.create();
  const local = filesOf(folder);
  const before = await remote.changes(found.commit, local);
  const result = { url: repoPage(remote.asked.endpoint, repo), private: found.private };
  if (before.length === 0) return { ...result, commit: found.commit, changed: false };
  try {
    return { ...result, commit: await remote.push(found.commit, before), changed: true };
  } catch (error) {
    const commit = maybeMade(error) ? await remote.commitOf(local) : undefined;
    if (commit === undefined) throw error;
    return { ...result, commit, changed: true };
  }
}

/** Whether a commit may have been made whose answer was lost, and that was then asked for again. */
function maybeMade(error: unknown): boolean {
  const status = answerOf(error)?.status;
  return status !== undefined &&
    (status === 0 || status === 409 || status === 412 || status >= 500);
}

type Change = { operation: "delete"; path: string } | ({ operation: "addOrUpdate" } & LocalFile);

/** The repository that is written to. */
class Remote {
  readonly asked: Asked;
  private readonly token: string;

  constructor(private readonly repo: HubRepo, private readonly options: PushOptions) {
    const { endpoint, token, offline } = hubEnvironment();
    if (!isRepoName(repo.name)) {
      throw new InputError(
        `${repo.name} cannot be the name of a repository on the hub; such as NAMESPACE/NAME, NAMESPACE being your ` +
          "account or an organisation.",
      );
    }
    if (offline) {
      throw new InputError("HF_HUB_OFFLINE is set, so nothing can be pushed; unset it.");
    }
    if (!token) {
      throw new InputError(
        "a push needs a token that may write: make one at https://huggingface.co/settings/tokens and set HF_TOKEN, or " +
          "log in with `hf auth login`.",
      );
    }
    this.token = token;
    this.asked = { endpoint, token, repo, revision: DEFAULT_REVISION };
  }

  /** Undefined where it is not there. */
  async find(): Promise<{ commit: string; private: boolean } | undefined> {
    const { asked, repo: { type, name }, options } = this;
    try {
      const found = await askHub(asked, options);
      if (found.private || !options.private) return found;
    } catch (error) {
      const answer = answerOf(error);
      if (answer?.status === 404 && answer.code !== "RevisionNotFound") return undefined;
      throw error;
    }
    throw new InputError(
      `the ${type} ${name} is on the hub, and all can see it; say private=false to push there, or name another.`,
    );
  }

  async create(): Promise<{ commit: string; private: boolean }> {
    const { repo, options } = this, visibility = options.private ? "private" : "public";
    try {
      const call = { ...this.writing(options), accessToken: this.token };
      await understood(this.asked, () => createRepo({ repo, visibility, ...call }));
      options.log?.(`made the ${visibility} repository ${repo.name} on the hub`);
    } catch (error) {
      // Another process was quicker, or an answer was lost.
      if (answerOf(error)?.status !== 409) throw error;
    }
    const made = await this.find();
    if (made) return made;
    throw new InputError(
      `the ${repo.type} ${repo.name} is on the hub, and your token may not see it; name another.`,
    );
  }

  /** What a commit on top of another has to do, so that the repository holds the files. */
  async changes(commit: string, local: readonly LocalFile[]): Promise<Change[]> {
    const { replaces = () => false } = this.options;
    const listed = await listCommit(this.asked, commit, this.options);
    const remote = new Map(listed.map((file) => [file.path, file]));
    const changes: Change[] = [];
    for (const file of local) {
      const there = remote.get(file.path);
      remote.delete(file.path);
      if (there && there.size === file.size && await hasDigest(file, there.etag)) continue;
      changes.push({ operation: "addOrUpdate", ...file });
    }
    for (const path of remote.keys()) {
      if (replaces(path)) changes.push({ operation: "delete", path });
    }
    return changes;
  }

  /** The last commit, if it holds the files. */
  async commitOf(local: readonly LocalFile[]): Promise<string | undefined> {
    const { signal } = this.options;
    try {
      const now = await this.find();
      return now && (await this.changes(now.commit, local)).length === 0 ? now.commit : undefined;
    } catch {
      // Why it was looked for is the better reason.
      signal?.throwIfAborted();
      return undefined;
    }
  }

  private writing(options: HubFetchOptions) {
    return libraryCall({ ...this.asked, writing: true }, options);
  }

  /** The new commit. */
  async push(parentCommit: string, changes: readonly Change[]): Promise<string> {
    const { repo, options: { title, signal, onProgress } } = this;
    const total = changes.reduce((sum, change) => sum + ("size" in change ? change.size : 0), 0);
    const sent = new Map<string, number>();
    const report = (key: string, bytes: number, note: string) => {
      sent.set(key, bytes);
      const done = Math.min(total, sent.values().reduce((sum, bytes) => sum + bytes, 0));
      onProgress?.(Math.floor(done / 1e6), Math.ceil(total / 1e6), note);
    };
    const stop = new AbortController(), failure = Promise.withResolvers<never>();
    const signals = signal ? [signal, stop.signal] : [stop.signal];
    const { fetch, ...call } = this.writing({
      ...this.options,
      signal: AbortSignal.any(signals),
    });
    const steps = commitIter({
      repo,
      title,
      parentCommit,
      operations: changes.map((change) =>
        change.operation === "delete"
          ? change
          : { operation: "addOrUpdate", path: change.path, content: pathToFileURL(change.from) }
      ),
      abortSignal: signal,
      useXet: false,
      fetch: failingElsewhere(counting(fetch, report), failure.reject),
      ...call,
    });
    const done = async () => {
      for (;;) {
        const step = await steps.next();
        if (step.done) return step.value!.commit.oid;
      }
    };
    let commit: string;
    try {
      commit = await understood(this.asked, () => Promise.race([done(), failure.promise]));
    } finally {
      stop.abort();
    }
    onProgress?.(Math.ceil(total / 1e6), Math.ceil(total / 1e6));
    return commit;
  }
}

/** Counts what is sent of files; one that is sent again is counted from its beginning. */
const counting =
  (fetch: typeof globalThis.fetch, report: (key: string, bytes: number, note: string) => void) =>
  (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (!(init?.body instanceof Blob)) return fetch(input, init);
    const { pathname } = new URL(String(input));
    const body = new CountedBlob(init.body, (bytes) => report(pathname, bytes, "sending"));
    return fetch(input, { ...init, body });
  };

/**
 * Requests whose failures are told elsewhere, and that do not end then: the library waits for the first of several files
 * that fail, and nobody would handle the failures of the others.
 */
const failingElsewhere =
  (fetch: typeof globalThis.fetch, fail: (error: unknown) => void): typeof globalThis.fetch =>
  async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      fail(error);
      return await new Promise(() => {});
    }
  };

/** A blob that tells how much of it was read. */
class CountedBlob extends Blob {
  constructor(private readonly inner: Blob, private readonly onRead: (bytes: number) => void) {
    super();
  }

  override get size(): number {
    return this.inner.size;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let read = 0;
    this.onRead(0);
    return this.inner.stream().pipeThrough(
      new TransformStream({
        transform: (part, controller) => {
          this.onRead(read += part.length);
          controller.enqueue(part);
        },
      }),
    );
  }
}

function filesOf(folder: string, below = ""): LocalFile[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap(({ name }) => {
    const path = below === "" ? name : `${below}/${name}`, from = join(folder, path);
    const { isDirectory, size } = Deno.statSync(from);
    return isDirectory ? filesOf(folder, path) : [{ path, from, size }];
  }).sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Whether a file has the SHA-256, or the SHA-1 by which git names it. */
async function hasDigest({ from, size }: LocalFile, digest: string): Promise<boolean> {
  const hash = digest.length === 64
    ? createHash("sha256")
    : createHash("sha1").update(`blob ${size}\0`);
  const file = await Deno.open(from);
  for await (const bytes of file.readable) hash.update(bytes);
  return hash.digest("hex") === digest;
}
