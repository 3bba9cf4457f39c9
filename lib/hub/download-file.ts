/**
 * One file of the hub into the cache: gone on with where it was broken off, checked against its digest, and in its
 * place when it is whole. Its contents are never in memory as a whole.
 *
 * The library's own `downloadFileToCacheDir` neither goes on nor checks, and two processes write one file.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { OperationError } from "@/lib/errors.ts";
import type { RepoCache } from "@/lib/hub/cache.ts";
import { sleep } from "@/lib/hub/fetch.ts";
import type { HubFile } from "@/lib/hub/repository.ts";

export interface FileDownload {
  url: string;
  file: HubFile;
  cache: RepoCache;
  /** Of {@link hubFetch}. */
  fetch: typeof fetch;
  /** Without it only what everybody may read is read. */
  token: string | undefined;
  signal?: AbortSignal;
  log?: (line: string) => void;
  wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Told how many bytes of the file are there. */
  onSize: (bytes: number) => void;
  /** A server that sends nothing for so long is asked again; default a minute. */
  idleMilliseconds?: number;
}

/** Breaks without a byte between them, until it is given up. */
const FRUITLESS_ATTEMPTS = 5;

/** What a broken download has left, which the next goes on with; huggingface_hub's older versions do too. */
const partialOf = (cache: RepoCache, { etag }: HubFile): string => `${cache.blob(etag)}.incomplete`;

/** Bytes of a file that are there from a broken download. */
export function partialBytes(cache: RepoCache, file: HubFile): number {
  try {
    const { size } = Deno.statSync(partialOf(cache, file));
    return size <= file.size ? size : 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/**
 * Fills the file's blob, in folders that are there. Where another process is at it, its end is waited for.
 *
 * @throws OperationError when the hub sends something else than it lists, or the connection breaks again and again;
 *   what came is kept for the next time
 */
export async function downloadFile(download: FileDownload): Promise<void> {
  const { cache, file, log, onSize } = download;
  using turn = await Deno.open(cache.lock(file.etag), { create: true, write: true });
  await takeTurn(turn, download);
  if (cache.hasBlob(file)) return onSize(file.size);
  const partial = new PartialFile(partialOf(cache, file), file);
  try {
    const kept = await partial.resume();
    await receive(download, partial);
    if (!partial.isRight() && kept > 0) {
      log?.(`what was kept of ${file.path} was damaged; it is downloaded anew`);
      partial.restart();
      await receive(download, partial);
    }
    if (!partial.isRight()) {
      partial.discard();
      throw new OperationError(
        `${download.url} does not have the contents that the hub lists (${file.size} bytes with the digest ` +
          `${file.etag}); nothing of it was kept. Try again later, or set another HF_ENDPOINT.`,
      );
    }
    partial.finish(cache.blob(file.etag));
  } finally {
    partial.close();
  }
}

/** Waits for processes that download the same file, as huggingface_hub does. The turn ends when the file is closed. */
async function takeTurn(
  lock: Deno.FsFile,
  { file, log, signal, wait = sleep }: FileDownload,
): Promise<void> {
  if (await lock.tryLock(true)) return;
  log?.(`waiting for another process that downloads ${file.path}`);
  do await wait(500, signal); while (!await lock.tryLock(true));
}

/** Asks for what is missing until all is there, or more than that. */
async function receive(download: FileDownload, partial: PartialFile): Promise<void> {
  const { file, url, signal, log, wait = sleep } = download;
  for (let fruitless = 0; partial.size < file.size;) {
    const before = partial.size;
    const broken = await receiveSome(download, partial);
    if (partial.size >= file.size) return;
    fruitless = partial.size > before ? 1 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS) {
      throw new OperationError(
        `the download of ${url} broke off (${broken}) with ${partial.size} of ${file.size} bytes there; they are ` +
          "kept, and the same command goes on.",
      );
    }
    log?.(`${file.path} broke off at byte ${partial.size} (${broken}); going on`);
    await wait(1000 * 2 ** (fruitless - 1), signal);
  }
}

/** One request's worth; why it ended, if it was too early. */
async function receiveSome(
  { url, file, token, fetch, signal, onSize, idleMilliseconds = 60_000 }: FileDownload,
  partial: PartialFile,
): Promise<string | undefined> {
  using idle = new IdleTimer(idleMilliseconds);
  const response = await fetch(url, {
    headers: {
      // Bytes of a compressed answer are not the file's, and cannot be counted off.
      "Accept-Encoding": "identity",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(partial.size > 0 ? { Range: `bytes=${partial.size}-` } : {}),
    },
    signal: idle.signal,
  });
  if (startOf(response) !== partial.size) {
    // A server that knows no ranges sends all of it.
    partial.restart();
    onSize(0);
    if (startOf(response) !== 0) {
      await response.body?.cancel();
      return "it went on at another byte";
    }
  }
  const reader = response.body!.getReader();
  while (partial.size <= file.size) {
    idle.restart();
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch (error) {
      signal?.throwIfAborted();
      if (idle.signal.aborted) return `nothing came for ${idleMilliseconds / 1000} s`;
      if (error instanceof TypeError) return error.message;
      throw error;
    }
    if (part.done) return "the connection was closed";
    partial.append(part.value);
    onSize(partial.size);
  }
  await reader.cancel();
}

/** Aborts when it is not restarted in time. */
class IdleTimer {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly milliseconds: number) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(), this.milliseconds);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
  }
}

/** The byte that an answer begins with. */
function startOf(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
}

/** A file that grows, and the digest of what is in it. */
class PartialFile {
  size = 0;
  private readonly file: Deno.FsFile;
  private hash: Hash;

  constructor(private readonly path: string, private readonly whole: HubFile) {
    this.file = Deno.openSync(path, { create: true, read: true, write: true });
    this.hash = this.newHash();
  }

  /** LFS names contents by their SHA-256, git by SHA-1 of a header and them. */
  private newHash(): Hash {
    const { etag, size } = this.whole;
    return etag.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  }

  /** Reads what is there, and stands at its end; how much it is. */
  async resume(): Promise<number> {
    if (this.file.statSync().size > this.whole.size) this.restart();
    const buffer = new Uint8Array(1 << 20);
    for (let count; (count = await this.file.read(buffer)) !== null;) {
      this.hash.update(buffer.subarray(0, count));
      this.size += count;
    }
    return this.size;
  }

  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += this.file.writeSync(bytes.subarray(done));
    } catch (error) {
      throw new OperationError(`${this.path} cannot be written: ${(error as Error).message}.`);
    }
    this.hash.update(bytes);
    this.size += bytes.length;
  }

  restart(): void {
    this.file.truncateSync();
    this.file.seekSync(0, Deno.SeekMode.Start);
    this.hash = this.newHash();
    this.size = 0;
  }

  isRight(): boolean {
    return this.size === this.whole.size && this.hash.copy().digest("hex") === this.whole.etag;
  }

  /** Takes its place. */
  finish(path: string): void {
    this.file.syncSync();
    Deno.renameSync(this.path, path);
  }

  discard(): void {
    Deno.removeSync(this.path);
  }

  close(): void {
    this.file.close();
  }
}
