/**
 * What the hub says about a repository: where a revision is, and which files a commit has.
 *
 * @module
 */
import { datasetInfo, listFiles, modelInfo } from "@huggingface/hub";
import { OperationError } from "@/lib/errors.ts";
import { type Asked, understood } from "@/lib/hub/answer.ts";
import type { ListedFile } from "@/lib/hub/cache.ts";
import { hubFetch, type HubFetchOptions } from "@/lib/hub/fetch.ts";
import { DEFAULT_REVISION, isCommit, isInside } from "@/lib/hub/repository.ts";

/** What the library's functions take. */
export const libraryCall = (asked: Asked, options: HubFetchOptions) => ({
  hubUrl: asked.endpoint,
  fetch: hubFetch(asked, options),
  ...(asked.token ? { accessToken: asked.token } : {}),
});

/**
 * The commit that a revision is at, and whether only some may see the repository.
 *
 * @throws InputError, OperationError as {@link hubFetch}
 */
export async function askHub(
  asked: Asked,
  options: HubFetchOptions,
): Promise<{ commit: string; private: boolean }> {
  const { repo: { type, name }, revision = DEFAULT_REVISION } = asked;
  const params = { name, revision, ...libraryCall(asked, options) };
  const { sha, private: isPrivate } = await understood(
    asked,
    () =>
      type === "model"
        ? modelInfo({ ...params, additionalFields: ["sha"] })
        : datasetInfo({ ...params, additionalFields: ["sha"] }),
  );
  if (typeof sha === "string" && isCommit(sha)) return { commit: sha, private: isPrivate };
  throw strange(asked, `the commit ${JSON.stringify(sha)}`);
}

/**
 * All files of a commit.
 *
 * @throws InputError, OperationError as {@link hubFetch}
 */
export async function listCommit(
  asked: Asked,
  commit: string,
  options: HubFetchOptions,
): Promise<ListedFile[]> {
  const { repo } = asked;
  const params = { repo, recursive: true, revision: commit, ...libraryCall(asked, options) };
  const entries = await understood(asked, () => Array.fromAsync(listFiles(params)));
  return entries.filter(({ type }) => type === "file").map(
    ({ path, oid = "", lfs, size, xetHash }) => {
      const etag = lfs?.oid ?? oid;
      if (!isInside(path) || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag)) {
        throw strange(
          asked,
          `the file ${JSON.stringify(path)} with the digest ${JSON.stringify(etag)}`,
        );
      }
      return {
        path,
        size: lfs?.size ?? size,
        etag,
        blobId: oid,
        ...(xetHash === undefined ? {} : { xetHash }),
      };
    },
  );
}

const strange = ({ endpoint, repo }: Asked, what: string): OperationError =>
  new OperationError(
    `${endpoint} lists ${what} for the ${repo.type} ${repo.name}, which no hub does; check HF_ENDPOINT.`,
  );
