/**
 * A Hugging Face hub on this machine: the part of its protocol that its clients use to read and write models and
 * datasets, with large files on a server of their own. What a client does wrong is kept in {@link HubServer.violations}.
 *
 * @see {@link https://huggingface.co/docs/hub/api}
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { content, type Handler, problem } from "@/tests/hub/responses.ts";

/** A file of a commit. */
interface StoredFile {
  bytes: Uint8Array;
  lfs: boolean;
}

interface Commit {
  oid: string;
  title: string;
  files: Map<string, StoredFile>;
}

/** A repository; its last commit is `main`. */
export interface StoredRepo {
  private: boolean;
  /** Its terms were accepted by nobody. */
  gated: boolean;
  commits: Commit[];
  /** Other branches and tags. */
  refs: Record<string, string>;
}

/** What a request was, in one line: `GET /api/models/a/b/tree/main?recursive=true`. */
export interface Seen {
  line: string;
  headers: Headers;
}

export const TOKEN = "hf_readAndWrite", READ_TOKEN = "hf_readOnly";

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const gitSha1 = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** The file that git keeps of one that LFS stores. */
const pointer = (bytes: Uint8Array) =>
  new TextEncoder().encode(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${
      sha256(bytes)
    }\nsize ${bytes.length}\n`,
  );

const oidOf = ({ bytes, lfs }: StoredFile) => gitSha1(lfs ? pointer(bytes) : bytes);

export class HubServer {
  readonly seen: Seen[] = [];
  /** What no client may do. */
  readonly violations: string[] = [];
  /** By `models/NAMESPACE/NAME` and `datasets/NAMESPACE/NAME`. */
  readonly repos = new Map<string, StoredRepo>();
  /** Contents of large files by their SHA-256. */
  readonly objects = new Map<string, Uint8Array>();
  /** Larger files are uploaded in parts of this size. */
  partSize = 1 << 20;
  /** Files of a page of a listing. */
  pageSize = 3;
  /** Which files the hub stores with LFS, whatever the client thinks. */
  isLarge = (path: string, size: number) =>
    size > 2000 || /\.(safetensors|gguf|parquet)$/.test(path);

  private readonly faults: { on: RegExp; left: number; act: (next: Handler) => Handler }[] = [];
  private readonly parts = new Map<string, Uint8Array>();
  private readonly hub = Deno.serve(QUIET, (request) => this.serve(request, (r) => this.answer(r)));
  private readonly storage = Deno.serve(
    QUIET,
    (request) => this.serve(request, (r) => this.store(r)),
  );

  get url(): string {
    return `http://127.0.0.1:${this.hub.addr.port}`;
  }

  /** Another origin, which must not see the token. */
  get storageUrl(): string {
    return `http://127.0.0.1:${this.storage.addr.port}`;
  }

  async close(): Promise<void> {
    await Promise.all([this.hub.shutdown(), this.storage.shutdown()]);
  }

  /** Makes a commit on `main`; the repository is made where it is not there. Its commit. */
  put(
    repo: string,
    files: Record<string, string | Uint8Array>,
    about: { private?: boolean; gated?: boolean } = {},
  ): string {
    const stored = this.repos.get(repo) ?? this.create(repo, false);
    Object.assign(stored, about);
    const next = new Map(stored.commits.at(-1)!.files);
    for (const [path, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      next.set(path, { bytes, lfs: this.isLarge(path, bytes.length) });
    }
    return this.commitTo(stored, "put", next);
  }

  /** The files at `main`, as texts. */
  texts(repo: string): Record<string, string> {
    const { files } = this.repos.get(repo)!.commits.at(-1)!;
    return Object.fromEntries(
      [...files].map(([path, { bytes }]) => [path, new TextDecoder().decode(bytes)]),
    );
  }

  /** Lets requests go wrong whose line matches, so many of them. */
  fault(on: RegExp, act: (next: Handler) => Handler, times = 1): void {
    this.faults.push({ on, left: times, act });
  }

  /** Lets everything go right again. */
  clearFaults(): void {
    this.faults.length = 0;
  }

  /** The lines of the requests that match. */
  lines(matching: RegExp): string[] {
    return this.seen.map(({ line }) => line).filter((line) => matching.test(line));
  }

  private async serve(request: Request, handler: Handler): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const line = `${request.method} ${decodeURIComponent(pathname)}${search}`;
    this.seen.push({ line, headers: request.headers });
    const fault = this.faults.find(({ on, left }) => left > 0 && on.test(line));
    if (fault) fault.left--;
    try {
      return await (fault ? fault.act(handler) : handler)(request);
    } catch (error) {
      this.violations.push(`${line}: ${(error as Error).stack}`);
      return problem(500, "the test's server failed");
    }
  }

  private async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const path = decodeURIComponent(pathname), { method } = request;
    const token = request.headers.get("Authorization")?.replace(/^Bearer /, "");
    if (token !== undefined && token !== TOKEN && token !== READ_TOKEN) {
      return problem(401, "Invalid credentials in Authorization header");
    }
    if (path === "/api/repos/create") return await this.createRepo(request, token);
    if (path === "/api/complete_multipart") return this.complete(await request.json());
    const found = ROUTES.map((route) => route.exec(`${method} ${path}`)?.groups).find(Boolean);
    if (!found) {
      this.violations.push(`no such address: ${method} ${path}`);
      return problem(404, "Sorry, we can't find the page you are looking for.");
    }
    const kind = found.api ?? (found.dataset ? "datasets" : "models");
    const repo = `${kind}/${found.name}`, stored = this.repos.get(repo);
    if (!stored || (stored.private && !token)) {
      return problem(token ? 404 : 401, "Repository not found", "RepoNotFound");
    }
    if (found.write !== undefined || found.lfs !== undefined) {
      if (token !== TOKEN) {
        return token
          ? problem(403, "You don't have the rights to write here")
          : problem(401, "Invalid username or password.");
      }
      return found.lfs !== undefined
        ? this.batch(await request.json())
        : found.write === "preupload"
        ? this.preupload(await request.json())
        : this.commit(found.name, stored, await request.text());
    }
    const commit =
      stored.commits.find(({ oid }) => oid === (stored.refs[found.revision] ?? found.revision)) ??
        (/^(main|HEAD)$/.test(found.revision) ? stored.commits.at(-1)! : undefined);
    if (!commit) return problem(404, "Invalid rev id", "RevisionNotFound");
    if (found.read === "revision") {
      const { private: isPrivate, gated } = stored;
      return Response.json({
        _id: sha256(new TextEncoder().encode(repo)).slice(0, 24),
        id: found.name,
        sha: commit.oid,
        private: isPrivate,
        gated: gated && "auto",
        downloads: 0,
        likes: 0,
        lastModified: "2026-01-31T12:00:00.000Z",
      });
    }
    if (found.read === "tree") return this.tree(commit, searchParams, `${this.url}${pathname}`);
    if (stored.gated) {
      return problem(token ? 403 : 401, `Access to ${found.name} is restricted.`, "GatedRepo");
    }
    return this.resolve(request, commit, found.path);
  }

  private tree(commit: Commit, search: URLSearchParams, address: string): Response {
    if (search.get("recursive") !== "true") this.violations.push("a listing of one folder alone");
    const files = [...commit.files].map(([path, file]) => ({
      type: "file",
      path,
      size: file.bytes.length,
      oid: oidOf(file),
      ...(file.lfs
        ? { lfs: { oid: sha256(file.bytes), size: file.bytes.length, pointerSize: 130 } }
        : {}),
    }));
    const folders = new Set(files.flatMap(({ path }) => path.split("/").slice(0, -1)));
    const all = [
      ...[...folders].map((path) => ({ type: "directory", path, size: 0, oid: "0".repeat(40) })),
      ...files,
    ];
    const from = Number(search.get("cursor") ?? 0), next = from + this.pageSize;
    return Response.json(all.slice(from, next), {
      headers: next < all.length
        ? { Link: `<${address}?recursive=true&cursor=${next}>; rel="next"` }
        : {},
    });
  }

  private resolve(request: Request, commit: Commit, path: string): Response {
    const file = commit.files.get(path), from = { "X-Repo-Commit": commit.oid };
    if (!file) return problem(404, "Entry not found", "EntryNotFound", from);
    if (!file.lfs) return content(request, file.bytes, { ...from, ETag: `"${oidOf(file)}"` });
    const digest = sha256(file.bytes);
    this.objects.set(digest, file.bytes);
    return new Response(null, {
      status: 302,
      headers: {
        ...from,
        Location: `${this.storageUrl}/${digest}?signature=secret`,
        ETag: `"${oidOf(file)}"`,
        "X-Linked-Etag": `"${digest}"`,
        "X-Linked-Size": String(file.bytes.length),
      },
    });
  }

  private async createRepo(request: Request, token: string | undefined): Promise<Response> {
    if (!token) return problem(401, "Invalid username or password.");
    const { name, organization, type, visibility } = await request.json();
    if (token !== TOKEN) {
      return problem(403, `You don't have the rights to create a ${type} under ${organization}`);
    }
    const repo = `${type}s/${organization}/${name}`;
    if (this.repos.has(repo)) return problem(409, `You already created this ${type} repo`);
    this.create(repo, visibility === "private");
    return Response.json({ url: `${this.url}/${organization}/${name}`, id: "1" });
  }

  private create(repo: string, isPrivate: boolean): StoredRepo {
    const stored: StoredRepo = { private: isPrivate, gated: false, commits: [], refs: {} };
    this.repos.set(repo, stored);
    const attributes = new TextEncoder().encode("*.safetensors filter=lfs\n");
    const files = new Map([[".gitattributes", { bytes: attributes, lfs: false }]]);
    this.commitTo(stored, "initial commit", files);
    return stored;
  }

  private preupload(
    { files }: { files: { path: string; size: number; sample: string }[] },
  ): Response {
    for (const { path, size, sample } of files) {
      if (Buffer.from(sample, "base64").length !== Math.min(512, size)) {
        this.violations.push(`the sample of ${path} is not its first 512 bytes`);
      }
    }
    return Response.json({
      files: files.map(({ path, size }) => ({
        path,
        uploadMode: this.isLarge(path, size) ? "lfs" : "regular",
      })),
    });
  }

  private batch(
    { operation, transfers, hash_algo, objects }: {
      operation: string;
      transfers: string[];
      hash_algo: string;
      objects: { oid: string; size: number }[];
    },
  ): Response {
    if (
      operation !== "upload" || transfers.join() !== "basic,multipart" || hash_algo !== "sha_256"
    ) {
      this.violations.push(`a batch of ${operation}, ${transfers}, ${hash_algo}`);
    }
    return Response.json({
      transfer: "basic",
      objects: objects.map(({ oid, size }) => {
        if (this.objects.has(oid)) return { oid, size };
        if (size <= this.partSize) {
          const href = `${this.storageUrl}/${oid}?signature=secret`;
          return { oid, size, actions: { upload: { href } } };
        }
        const count = Math.ceil(size / this.partSize);
        const header = Object.fromEntries(
          Array.from({ length: count }, (_, i) => [
            String(i + 1).padStart(5, "0"),
            `${this.storageUrl}/${oid}/${i + 1}?signature=secret`,
          ]),
        );
        const href = `${this.url}/api/complete_multipart?signature=secret`;
        const upload = { href, header: { chunk_size: String(this.partSize), ...header } };
        return { oid, size, actions: { upload } };
      }),
    }, { headers: { "X-Request-Id": "batch" } });
  }

  private complete(
    { oid, parts }: { oid: string; parts: { partNumber: number; etag: string }[] },
  ): Response {
    const bytes = Buffer.concat(parts.map(({ partNumber, etag }) => {
      const part = this.parts.get(`${oid}/${partNumber}`) ?? new Uint8Array();
      if (etag !== `"${sha256(part)}"`) this.violations.push(`part ${partNumber} has another ETag`);
      return part;
    }));
    if (sha256(bytes) !== oid) return problem(400, "the parts are not the object");
    this.objects.set(oid, new Uint8Array(bytes));
    return Response.json({});
  }

  /** What stores large files: addresses alone allow to read and write them. */
  private async store(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.has("Authorization") || searchParams.get("signature") !== "secret") {
      this.violations.push("the storage was sent a token, or no signature");
    }
    const [oid, part] = pathname.slice(1).split("/");
    if (request.method !== "PUT") {
      const bytes = this.objects.get(oid);
      if (!bytes) return problem(404, "no such object");
      return content(request, bytes, { ETag: '"another one"' });
    }
    const length = request.headers.get("Content-Length");
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (length !== String(bytes.length)) this.violations.push(`a PUT with the length ${length}`);
    if (part === undefined) {
      if (sha256(bytes) !== oid) return problem(400, "another digest");
      this.objects.set(oid, bytes);
    } else this.parts.set(`${oid}/${part}`, bytes);
    return new Response(null, { headers: { ETag: `"${sha256(bytes)}"` } });
  }

  private commit(name: string, stored: StoredRepo, body: string): Response {
    const [header, ...operations] = body.split("\n").map((line) => JSON.parse(line));
    if (header.key !== "header") this.violations.push("a commit without a header");
    const last = stored.commits.at(-1)!, files = new Map(last.files);
    if (header.value.parentCommit !== last.oid) {
      return problem(412, "A commit has happened since. Please refresh and try again.");
    }
    for (const { key, value } of operations) {
      if (key === "deletedFile") {
        if (!files.delete(value.path)) return problem(400, `no file ${value.path} to delete`);
      } else if (key === "file") {
        files.set(value.path, {
          bytes: new Uint8Array(Buffer.from(value.content, "base64")),
          lfs: false,
        });
      } else if (key === "lfsFile") {
        const bytes = this.objects.get(value.oid);
        if (!bytes || bytes.length !== value.size) {
          return problem(400, `${value.path} was not uploaded`);
        }
        files.set(value.path, { bytes, lfs: true });
      } else this.violations.push(`an operation ${key}`);
    }
    const oid = this.commitTo(stored, header.value.summary, files);
    return Response.json({
      commitOid: oid,
      commitUrl: `${this.url}/${name}/commit/${oid}`,
      hookOutput: "",
    });
  }

  private commitTo(stored: StoredRepo, title: string, files: Commit["files"]): string {
    const text = JSON.stringify([
      stored.commits.length,
      title,
      [...files].map(([path, file]) => [path, oidOf(file)]),
    ]);
    const oid = createHash("sha1").update(text).digest("hex");
    stored.commits.push({ oid, title, files });
    return oid;
  }
}

const QUIET = { hostname: "127.0.0.1", port: 0, onListen: () => {} };

const NAME = "(?<name>[^/]+/[^/]+)";
const ROUTES = [
  `GET /api/(?<api>models|datasets)/${NAME}/(?<read>revision|tree)/(?<revision>.+)`,
  `(?:GET|HEAD) /(?<dataset>datasets/)?${NAME}/(?<read>resolve)/(?<revision>[^/]+)/(?<path>.+)`,
  `POST /api/(?<api>models|datasets)/${NAME}/(?<write>preupload|commit)/main`,
  `POST /(?<dataset>datasets/)?(?<name>[^/]+/[^/]+?)\\.git/(?<lfs>info/lfs/objects/batch)`,
].map((route) => new RegExp(`^${route}$`));
