import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { downloadSnapshot, type HubRepo, type SnapshotOptions } from "@/lib/hub/mod.ts";
import { READ_TOKEN, sha256 } from "@/tests/hub/hub-server.ts";
import { answers, breaksAfter } from "@/tests/hub/responses.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";

const REPO: HubRepo = { type: "model", name: "team/tiny" };
const LARGE = Uint8Array.from({ length: 500_000 }, (_, i) => (i * i) >> 3);
const FILES = {
  "config.json": "{}\n",
  "data/notes with space.txt": "é",
  "model.safetensors": LARGE,
};

/** Downloads without waiting, and keeps what was said. */
async function download(options: SnapshotOptions = {}, repo = REPO) {
  const said: string[] = [], waits: number[] = [];
  const snapshot = await downloadSnapshot(repo, {
    log: (line) => said.push(line),
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    ...options,
  });
  return { ...snapshot, said, waits };
}

const read = (folder: string, path: string) => Deno.readFileSync(join(folder, path));

Deno.test(
  "a snapshot is the files of a commit, in the layout of huggingface_hub's cache",
  withHub(async ({ server, cache }) => {
    const commit = server.put("models/team/tiny", FILES);
    const progress: [number, number][] = [];
    const snapshot = await download({ onProgress: (done, total) => progress.push([done, total]) });
    assert.equal(snapshot.commit, commit);
    const own = join(cache, "models--team--tiny");
    assert.equal(snapshot.folder, join(own, "snapshots", commit));
    for (const [path, content] of Object.entries(FILES)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      assert.deepEqual(read(snapshot.folder, path), bytes);
    }
    assert.equal(
      Deno.readLinkSync(join(snapshot.folder, "model.safetensors")),
      join("..", "..", "blobs", sha256(LARGE)),
    );
    // Git's name of "{}\n".
    assert.equal(
      Deno.readLinkSync(join(snapshot.folder, "config.json")),
      join("..", "..", "blobs", "0967ef424bce6791893e9a57bb952f80fd536e93"),
    );
    assert.equal(Deno.readTextFileSync(join(own, "refs", "main")), commit);
    assert.deepEqual(progress.at(-1), [1, 1]);

    const before = server.seen.length;
    await download();
    assert.equal(server.seen.length, before + 1, "what is there is not asked for again");
    await download({ revision: commit });
    assert.equal(server.seen.length, before + 1, "a commit does not change");
  }),
);

Deno.test(
  "a new commit fetches what is new, and revisions live side by side",
  withHub(async ({ server }) => {
    const first = server.put("models/team/tiny", FILES);
    await download();
    const second = server.put("models/team/tiny", { "config.json": "{ }" });
    server.repos.get("models/team/tiny")!.refs = { v1: first, "refs/pr/1": first };
    const count = server.lines(/resolve|signature/).length;
    const newer = await download();
    assert.deepEqual([newer.commit, read(newer.folder, "config.json").length], [second, 3]);
    assert.equal(server.lines(/resolve|signature/).length, count + 1);
    for (const revision of ["v1", "refs/pr/1", first]) {
      const older = await download({ revision });
      assert.deepEqual([older.commit, read(older.folder, "config.json").length], [first, 3]);
    }
    assert.equal(server.lines(/resolve|signature/).length, count + 1);
    await assert.rejects(download({ revision: "v2" }), /has no revision v2/);
  }),
);

Deno.test(
  "only what is selected is downloaded, of datasets too",
  withHub(async ({ server, cache }) => {
    server.put("datasets/team/pairs", { "a.csv": "1", "b.csv": "2" });
    const dataset: HubRepo = { type: "dataset", name: "team/pairs" };
    const select: SnapshotOptions["select"] = (files) => {
      assert.deepEqual(files.map(({ path, size }) => [path, size]).slice(1), [["a.csv", 1], [
        "b.csv",
        1,
      ]]);
      return ["b.csv"];
    };
    const { folder, files } = await download({ select }, dataset);
    assert.deepEqual([files, [...Deno.readDirSync(folder)].map(({ name }) => name)], [["b.csv"], [
      "b.csv",
    ]]);
    assert.ok(folder.startsWith(join(cache, "datasets--team--pairs")));
  }),
);

Deno.test(
  "a connection that breaks is gone on with at its byte, in this process and in the next",
  withHub(async ({ server, cache }) => {
    server.put("models/team/tiny", FILES);
    const digest = sha256(LARGE);
    server.fault(new RegExp(digest), breaksAfter(100_000));
    server.fault(new RegExp(digest), breaksAfter(50_000));
    const { folder, said } = await download();
    assert.deepEqual(read(folder, "model.safetensors"), LARGE);
    const ranges = server.seen.filter(({ line }) => line.includes(digest))
      .map(({ headers }) => headers.get("Range"));
    assert.deepEqual(ranges, [null, "bytes=100000-", "bytes=150000-"]);
    assert.match(said.join(), /model\.safetensors broke off at byte 100000 .*; going on/);

    Deno.removeSync(cache, { recursive: true });
    server.fault(new RegExp(digest), breaksAfter(200_000));
    server.fault(new RegExp(digest), breaksAfter(0), 4);
    await assert.rejects(download(), (error: Error) => {
      assert.ok(error instanceof OperationError);
      assert.match(error.message, /broke off .* with 200000 of 500000 bytes there; they are kept/);
      return true;
    });
    const rest = server.seen.length;
    assert.deepEqual(read((await download()).folder, "model.safetensors"), LARGE);
    assert.equal(
      server.seen.slice(rest).find(({ line }) => line.includes(digest))!.headers.get("Range"),
      "bytes=200000-",
    );
  }),
);

Deno.test(
  "a server without ranges, and a partial file that is damaged, cost time alone",
  withHub(async ({ server, cache }) => {
    server.put("models/team/tiny", FILES);
    const digest = sha256(LARGE), blobs = join(cache, "models--team--tiny", "blobs");
    server.fault(new RegExp(digest), breaksAfter(100_000));
    server.fault(new RegExp(digest), () => () => new Response(LARGE));
    assert.deepEqual(read((await download()).folder, "model.safetensors"), LARGE);

    Deno.removeSync(cache, { recursive: true });
    Deno.mkdirSync(blobs, { recursive: true });
    Deno.writeFileSync(join(blobs, `${digest}.incomplete`), new Uint8Array(1000));
    const { folder, said } = await download();
    assert.deepEqual(read(folder, "model.safetensors"), LARGE);
    assert.match(said.join(), /what was kept of model\.safetensors was damaged/);
  }),
);

Deno.test(
  "contents that are not what the hub lists are refused, and nothing of them is kept",
  withHub(async ({ server, cache }) => {
    server.put("models/team/tiny", FILES);
    server.fault(/config\.json/, () => () => new Response("[]\n"));
    await assert.rejects(download(), /config\.json does not have the contents/);
    for (const wrong of [LARGE.map((byte) => byte ^ 1), new Uint8Array([...LARGE, 0])]) {
      server.fault(new RegExp(sha256(LARGE)), () => () => new Response(wrong));
      await assert.rejects(download(), (error: Error) => {
        assert.ok(error instanceof OperationError);
        assert.match(
          error.message,
          /model\.safetensors does not have the contents that the hub lists/,
        );
        return true;
      });
      const blobs = [...Deno.readDirSync(join(cache, "models--team--tiny", "blobs"))];
      assert.ok(!blobs.some(({ name }) => name.startsWith(sha256(LARGE))), "no trace of them");
    }
    await download();
  }),
);

Deno.test(
  "a hub that is busy or down for a moment is asked again, after the time it wants",
  withHub(async ({ server }) => {
    server.put("models/team/tiny", FILES);
    server.fault(/revision/, answers(429, "slow down", { "Retry-After": "7" }));
    server.fault(/revision/, answers(429, "slow down", { RateLimit: '"api";r=0;t=55' }));
    server.fault(/tree/, answers(503, "down"), 2);
    server.fault(/resolve/, answers(500, "down"));
    const { said, waits } = await download();
    assert.deepEqual(waits, [7000, 56_000, 1000, 2000, 1000]);
    assert.match(said[0], /the hub answers with status 429; asking again in 7 s/);
    server.fault(/v9/, answers(429, "come tomorrow", { "Retry-After": "86400" }));
    await assert.rejects(
      download({ revision: "v9" }),
      /status 429 for the model team\/tiny: come tomorrow/,
    );
    server.fault(/v9/, answers(502, "down"), 6);
    await assert.rejects(download({ revision: "v9" }), OperationError);
    assert.equal(server.lines(/v9/).length, 1 + 6);
  }),
);

Deno.test(
  "a server that goes silent in the middle is asked again",
  withHub(async ({ server }) => {
    server.put("models/team/tiny", FILES);
    const ended = Promise.withResolvers<void>();
    server.fault(new RegExp(sha256(LARGE)), () => () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(LARGE.subarray(0, 1000)),
          cancel: () => ended.resolve(),
        }),
      ));
    const { folder, said } = await download({ idleMilliseconds: 50 });
    assert.deepEqual(read(folder, "model.safetensors"), LARGE);
    assert.match(said.join(), /nothing came for 0\.05 s/);
    await ended.promise;
  }),
);

Deno.test(
  "who may not read is told why and what to do, without the token",
  withHub(async ({ server, folder }) => {
    server.put("models/team/tiny", FILES, { private: true });
    server.put("models/team/gated", FILES, { gated: true });
    const gated: HubRepo = { type: "model", name: "team/gated" };
    const refused = async (message: RegExp, repo = REPO) =>
      await assert.rejects(download({}, repo), (error: Error) => {
        assert.ok(error instanceof InputError, error.stack);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message + error.stack + error.cause, /hf_[a-z]|=secret/);
        return true;
      });
    await refused(/no model team\/tiny, or it is private and needs a token \(HF_TOKEN, /);
    await refused(
      /team\/gated is gated: accept its terms at http.*\/team\/gated, and set HF_TOKEN/,
      gated,
    );
    await refused(/no model team\/none, or it is private/, { type: "model", name: "team/none" });
    await refused(/team\/a--b@main cannot be on the hub/, { type: "model", name: "team/a--b" });
    const as = (token: string, use: () => Promise<unknown>) =>
      withEnvironment({ HF_ENDPOINT: server.url, HF_HOME: folder, HF_TOKEN: token }, use);
    await as("hf_wrongOne", () => refused(/does not accept your token \(Invalid credentials/));
    await as("secret", () => refused(/what HF_TOKEN holds is no token of the hub/));
    await as(
      READ_TOKEN,
      () => refused(/is gated: accept .* with the account of your token/, gated),
    );
    await as(
      READ_TOKEN,
      () =>
        refused(/or it is private and your token may not see it/, { type: "model", name: "a/b" }),
    );
    await as(READ_TOKEN, () => download());
    Deno.writeTextFileSync(join(folder, "token"), `${READ_TOKEN}\n`);
    const { HF_HOME } = { HF_HOME: folder };
    await withEnvironment({ HF_ENDPOINT: server.url, HF_HOME, HF_TOKEN: "" }, () => download());
  }),
);

Deno.test(
  "without a hub the cache serves, and says so",
  withHub(async ({ server, folder }) => {
    const commit = server.put("models/team/tiny", FILES);
    const home = join(folder, "home");
    const offline = { HF_ENDPOINT: server.url, HF_HOME: home, HF_HUB_OFFLINE: "1" };
    await withEnvironment(offline, () =>
      assert.rejects(download(), (error: Error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, /team\/tiny is not in .*hub, and HF_HUB_OFFLINE is set/);
        return true;
      }));
    await download({ select: () => ["config.json"] });
    const asked = server.seen.length;
    await withEnvironment(offline, async () => {
      const only = { select: () => ["config.json"] };
      assert.equal((await download(only)).commit, commit);
      assert.equal((await download({ ...only, revision: commit })).commit, commit);
      await assert.rejects(
        download({ revision: "a".repeat(40) }),
        /nothing of the model team\/tiny is in/,
      );
      await assert.rejects(
        download(),
        /lacks .*model\.safetensors of the model team\/tiny; HF_HUB_OFFLINE is set/,
      );
    });
    assert.equal(server.seen.length, asked, "nothing was asked");

    server.fault(/revision/, answers(503, "down"));
    const { said } = await download({ select: () => ["config.json"] });
    assert.match(
      said.join(),
      new RegExp(`as it was when it was last downloaded \\(commit ${commit}\\): .*503`),
    );
    const gone = { HF_ENDPOINT: "http://127.0.0.1:9", HF_HOME: home };
    await withEnvironment(gone, async () => {
      assert.equal((await download({ select: () => ["config.json"] })).commit, commit);
      await assert.rejects(
        download({ revision: "v2" }),
        /the hub at http:\/\/127\.0\.0\.1:9 cannot be reached/,
      );
    });
  }),
);

Deno.test(
  "two downloads at once share the work, and an interrupted one leaves the rest to the next",
  withHub(async ({ server, cache }) => {
    server.put("models/team/tiny", FILES);
    const digest = sha256(LARGE);
    const both = await Promise.all([download(), download()]);
    for (const { folder } of both) assert.deepEqual(read(folder, "model.safetensors"), LARGE);
    assert.equal(server.lines(new RegExp(`GET /${digest}`)).length, 1);

    Deno.removeSync(cache, { recursive: true });
    const interrupt = new AbortController();
    server.fault(new RegExp(digest), () => () =>
      new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(LARGE.subarray(0, 1000)) }),
      ));
    const stopped = download({
      signal: interrupt.signal,
      onProgress: (_, __, path) => path === "model.safetensors" && interrupt.abort(),
    });
    await assert.rejects(stopped, { name: "AbortError" });
    const partial = join(cache, "models--team--tiny", "blobs", `${digest}.incomplete`);
    assert.equal(Deno.statSync(partial).size, 1000);
    assert.deepEqual(read((await download()).folder, "model.safetensors"), LARGE);
  }),
);

Deno.test(
  "a disk without room, and a cache that cannot be written, are told before anything is downloaded",
  withHub(async ({ server, cache, folder }) => {
    server.put("models/team/tiny", FILES);
    const refused = (message: RegExp) =>
      assert.rejects(download(), (error: Error) => {
        assert.ok(error instanceof OperationError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    const oid = "0".repeat(40);
    server.fault(
      /tree/,
      () => () => Response.json([{ type: "file", path: "huge", size: 1e15, oid }]),
    );
    await refused(
      /has .* free, and 931322\.6 GiB of the model team\/tiny are still to be downloaded/,
    );
    Deno.removeSync(cache, { recursive: true });
    Deno.writeTextFileSync(join(folder, "file"), "");
    await withEnvironment(
      { HF_ENDPOINT: server.url, HF_HUB_CACHE: join(folder, "file") },
      () => refused(/the hub's cache .* cannot be written: .*HF_HUB_CACHE/),
    );
    assert.deepEqual(server.lines(/resolve|signature/), []);
  }),
);

Deno.test(
  "a hub that lists what leads out of the cache is not believed",
  withHub(async ({ server, cache }) => {
    for (const path of ["../../../evil", "/etc/evil", "a\\..\\evil"]) {
      server.put("models/team/tiny", { [path]: "x" });
      await assert.rejects(download(), /lists the file .*evil.* which no hub does/);
    }
    assert.throws(() => Deno.statSync(cache), Deno.errors.NotFound, "nothing of it is kept");
    server.fault(/revision/, () => () => Response.json({ id: "team/tiny", sha: "../main" }));
    await assert.rejects(download(), /lists the commit "\.\.\/main"/);
    server.fault(/revision/, () => () => new Response("<html>log in to this network"));
    await assert.rejects(download({ revision: "v2" }), (error: Error) => {
      assert.ok(error instanceof OperationError);
      assert.match(error.message, /cannot be reached .*not valid JSON/);
      return true;
    });
  }),
);
