/**
 * The hub's cache on this machine, in the layout of Python's huggingface_hub, which shares it:
 *
 *     models--NAMESPACE--NAME/
 *       blobs/<etag>                        contents, each once
 *       snapshots/<commit>/<path>           links to them
 *       refs/<revision>                     the commit that a branch or tag was at
 *       trees/<commit>.json                 what the commit holds
 *     .locks/models--NAMESPACE--NAME/<etag>.lock
 *
 * @see {@link https://huggingface.co/docs/huggingface_hub/guides/manage-cache}
 * @module
 */
import { dirname, join, relative } from "node:path";
import { OperationError } from "@/lib/errors.ts";
import { type HubFile, type HubRepo, isCommit, isInside } from "@/lib/hub/repository.ts";

const TREE_VERSION = 1;

/** What the tree's file says of a file; the names are huggingface_hub's. */
interface TreeEntry {
  size: number;
  blob_id: string;
  lfs_sha256?: string;
  lfs_size?: number;
  xet_hash?: string;
}

/** What a listing tells beside what {@link HubFile} has, for those who share the cache. */
export interface ListedFile extends HubFile {
  /** Git's SHA-1 of the file, or of what stands for it. */
  blobId: string;
  xetHash?: string;
}

/** One repository's part of the cache. */
export class RepoCache {
  readonly folder: string;
  private readonly locks: string;

  constructor(cacheFolder: string, { type, name }: HubRepo) {
    const own = [`${type}s`, ...name.split("/")].join("--");
    this.folder = join(cacheFolder, own);
    this.locks = join(cacheFolder, ".locks", own);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob(etag: string): string {
    return join(this.folder, "blobs", etag);
  }

  lock(etag: string): string {
    return join(this.locks, `${etag}.lock`);
  }

  /** The commit that a branch or tag was at when it was last asked for. */
  commitOf(revision: string): string | undefined {
    const commit = readText(join(this.folder, "refs", revision))?.trim();
    return commit !== undefined && isCommit(commit) ? commit : undefined;
  }

  /** Keeps where a revision is and what its commit has, for those who cannot ask. */
  keep(revision: string, commit: string, files: readonly (HubFile | ListedFile)[]): void {
    if (revision !== commit && this.commitOf(revision) !== commit) {
      writeIfAllowed(join(this.folder, "refs", revision), commit);
    }
    const listed = files.filter((file) => "blobId" in file);
    if (listed.length > 0) this.keepTree(commit, listed);
  }

  /** The files of a commit, where they were listed before. */
  tree(commit: string): HubFile[] | undefined {
    const text = readText(join(this.folder, "trees", `${commit}.json`));
    if (text === undefined) return undefined;
    try {
      const { format_version, files } = JSON.parse(text);
      if (format_version !== TREE_VERSION) return undefined;
      return Object.entries(files as Record<string, TreeEntry>).map(([path, entry]) => ({
        path,
        size: entry.lfs_size ?? entry.size,
        etag: entry.lfs_sha256 ?? entry.blob_id,
      }));
    } catch {
      // Asked for again and written anew.
      return undefined;
    }
  }

  private keepTree(commit: string, files: readonly ListedFile[]): void {
    const sorted = files.toSorted((a, b) => a.path < b.path ? -1 : 1);
    const entries = sorted.map(({ path, size, etag, blobId, xetHash }): [string, TreeEntry] => [
      path,
      {
        size,
        blob_id: blobId,
        ...(etag === blobId ? {} : { lfs_sha256: etag, lfs_size: size }),
        ...(xetHash === undefined ? {} : { xet_hash: xetHash }),
      },
    ]);
    const tree = { format_version: TREE_VERSION, files: Object.fromEntries(entries) };
    writeIfAllowed(join(this.folder, "trees", `${commit}.json`), JSON.stringify(tree, null, 1));
  }

  /** The files of a snapshot that are there, with their sizes; of one that is not there none. */
  present(commit: string): { path: string; size: number }[] {
    const folder = this.snapshot(commit);
    const within = (at: string): { path: string; size: number }[] =>
      [...entriesOf(join(folder, at))].flatMap(({ name }) => {
        const path = at === "" ? name : `${at}/${name}`;
        const info = statOf(join(folder, path));
        if (info?.isDirectory) return within(path);
        return info?.isFile ? [{ path, size: info.size }] : [];
      });
    return within("");
  }

  /** Whether a snapshot has a file in its right size. */
  has(commit: string, { path, size }: HubFile): boolean {
    const info = statOf(join(this.snapshot(commit), path));
    return info !== undefined && info.isFile && info.size === size;
  }

  hasBlob({ etag, size }: HubFile): boolean {
    return statOf(this.blob(etag))?.size === size;
  }

  /** Makes the folders that downloads need. @throws OperationError where that is not allowed */
  makeFolders(): void {
    try {
      Deno.mkdirSync(join(this.folder, "blobs"), { recursive: true });
      Deno.mkdirSync(this.locks, { recursive: true });
    } catch (error) {
      throw new OperationError(
        `the hub's cache ${this.folder} cannot be written: ${
          (error as Error).message
        }; name another folder with ` +
          "HF_HUB_CACHE.",
      );
    }
  }

  /** Puts a blob that is there into a snapshot. */
  link(commit: string, { path, etag }: HubFile): void {
    if (!isInside(path)) throw new Error(`${path} leads out of its folder`);
    const pointer = join(this.snapshot(commit), path);
    Deno.mkdirSync(dirname(pointer), { recursive: true });
    const beside = `${pointer}.${crypto.randomUUID()}.tmp`;
    Deno.symlinkSync(relative(dirname(pointer), this.blob(etag)), beside);
    Deno.renameSync(beside, pointer);
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What saves later questions is not worth failing for: a cache may belong to somebody else. */
function writeIfAllowed(path: string, text: string): void {
  const beside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(beside, text);
    Deno.renameSync(beside, path);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function* entriesOf(folder: string): Generator<Deno.DirEntry> {
  try {
    yield* Deno.readDirSync(folder);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;

/** Files in the place of folders are met again, and named, where something is downloaded. */
const isReadOnly = (error: unknown): boolean =>
  error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotADirectory ||
  /read-only file system/i.test(String(error));
