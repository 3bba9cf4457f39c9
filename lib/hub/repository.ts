/**
 * Repositories of the hub, and how they are named.
 *
 * @module
 */

/** A repository: `NAMESPACE/NAME` of a kind. */
export interface HubRepo {
  type: "model" | "dataset";
  name: string;
}

/** A branch, tag, `refs/pr/N` or commit where none is named. */
export const DEFAULT_REVISION = "main";

/** Whether a word can be `NAMESPACE/NAME`, by the hub's rules. */
export const isRepoName = (word: string): boolean =>
  /^\w(?:[\w.-]*\w)?\/\w(?:[\w.-]{0,94}\w)?$/.test(word) && !/--|\.\.|\.git$/.test(word);

/** Whether a word can name a revision: it becomes part of addresses and of the cache's paths. */
export const isRevision = (word: string): boolean =>
  /^\w[\w.-]*(?:\/\w[\w.-]*)*$/.test(word) && !word.includes("..");

/** Whether a revision is a commit, which never changes. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** The page that people see. */
export const repoPage = (endpoint: string, { type, name }: HubRepo): string =>
  `${endpoint}/${type === "dataset" ? "datasets/" : ""}${name}`;

/** A file of a repository, as the hub lists it. */
export interface HubFile {
  /** Relative to the repository, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  /** What the file is called among the cache's blobs: its SHA-256 where it is stored with LFS, else git's SHA-1 of it. */
  etag: string;
}

/** Whether a path of a listing stays in its folder. */
export const isInside = (path: string): boolean =>
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
  !/[\\\0]/.test(path);
