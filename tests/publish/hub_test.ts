/** Publishing to a hub that checks every request, and goes wrong in all the ways hubs do. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openDataset } from "@/lib/datasets/load.ts";
import { InputError, OperationError } from "@/lib/errors.ts";
import { type HubPublishOptions, publishHub } from "@/lib/publish/publish-hub.ts";
import { newestRevision } from "@/lib/datasets/revisions.ts";
import { withStore } from "@/lib/store/store.ts";
import { addPair, label, labeledDatabase, question } from "@/tests/datasets/database.ts";
import { type HubServer, READ_TOKEN, sha256, TOKEN } from "@/tests/hub/hub-server.ts";
import { answers } from "@/tests/hub/responses.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";

const REPO = "team/leetcode_preference", KEY = `datasets/${REPO}`;
const TRAIN = "data/train-00000-of-00001.parquet";
const token = { HF_TOKEN: TOKEN };

/** Publishes a database of forty pairs; no time passes. */
async function publish(folder: string, options: HubPublishOptions = {}) {
  const waits: number[] = [];
  const published = await publishHub(join(folder, "test.duckdb"), join(folder, "out"), REPO, {
    testFraction: 0.3,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    ...options,
  });
  return { ...published, waits };
}

const prepared = (folder: string) => labeledDatabase(join(folder, "test.duckdb"), 40);
const commits = (server: HubServer) => server.repos.get(KEY)?.commits ?? [];
const revision = (folder: string) => withStore(join(folder, "test.duckdb"), newestRevision);

/** The hub has what the folder has, byte by byte. */
function assertSame(server: HubServer, folder: string): void {
  const { files } = commits(server).at(-1)!;
  const paths = [...files.keys()].filter((path) => path !== ".gitattributes").sort();
  assert.deepEqual(
    paths,
    [
      "README.md",
      TRAIN.replace("train", "test"),
      TRAIN,
      "figures/difficulty.svg",
      "original/test-00000-of-00001.parquet",
      "original/train-00000-of-00001.parquet",
    ].sort(),
  );
  for (const path of paths) {
    assert.deepEqual(files.get(path)!.bytes, Deno.readFileSync(join(folder, "out", path)), path);
  }
}

Deno.test(
  "labels become one commit of a private dataset, which training finds again",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    const first = await publish(folder);
    assert.deepEqual([first.hub.changed, first.hub.private], [true, true]);
    assert.equal(server.repos.get(KEY)!.private, true);
    assert.equal(commits(server).length, 2, "the repository's first one, and ours");
    assert.match(commits(server)[1].title, /^40 preferences, revision [0-9a-f]{12}$/);
    assertSame(server, folder);
    const { repo, hub_commit, digest } = (await revision(folder))!;
    assert.deepEqual([repo, hub_commit, digest], [REPO, commits(server)[1].oid, first.digest]);

    const again = await publish(folder);
    assert.deepEqual([again.hub.changed, again.hub.commit], [false, first.hub.commit]);
    assert.equal(commits(server).length, 2, "the same labels make no commit");

    const db = join(folder, "test.duckdb");
    const here = await (await openDataset("lc", { db })).read("train");
    assert.deepEqual([here.source.path, here.source.hub], [join(folder, "out"), undefined]);
    Deno.removeSync(join(folder, "out"), { recursive: true });
    server.put(KEY, { [TRAIN]: "something newer that nobody published here" });
    const there = await (await openDataset("lc", { db })).read("train");
    assert.deepEqual(there.source.hub, { repo: REPO, commit: first.hub.commit });
    assert.deepEqual([...there.examples], [...here.examples]);
    const goesOn = await openDataset("lc", { db: "none.duckdb", begun: [there.source] });
    assert.deepEqual([...(await goesOn.read("train")).examples], [...here.examples]);
  }, token),
);

Deno.test(
  "new labels make one more commit, which takes away what is no longer there",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    await publish(folder);
    server.put(KEY, { "notes.md": "theirs" }, { private: true });
    await withStore(join(folder, "test.duckdb"), async (store) => {
      await store.insert("questions", [question("more")]);
      await addPair(store, "more", "more");
      await store.insert("labels", [label("more", "ada", "version1")]);
    });
    await publish(folder, { testFraction: 0 });
    const paths = [...commits(server).at(-1)!.files.keys()];
    assert.ok(paths.includes("notes.md"));
    assert.ok(!paths.some((path) => path.includes("test-0")));
    assert.equal(commits(server).length, 4);
  }, token),
);

Deno.test(
  "an upload that breaks changes nothing; the same command sends the rest",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    server.partSize = 1000;
    const { path } = await publish(folder);
    const bytes = Deno.readFileSync(join(path, TRAIN));
    assert.ok(bytes.length > 2 * server.partSize, "it is sent in parts");
    assert.deepEqual(server.objects.get(sha256(bytes)), bytes);

    const before = commits(server).length;
    await withStore(join(folder, "test.duckdb"), async (store) => {
      await addPair(store, "more", "question-0");
      await store.insert("labels", [label("more", "ada", "version1")]);
    });
    server.fault(/^PUT/, answers(500, "storage is down"), 99);
    await assert.rejects(publish(folder), (error: Error) => {
      assert.ok(error instanceof OperationError, error.stack);
      assert.match(error.message, /status 500 for the dataset team\/leetcode_preference/);
      assert.ok(!error.message.includes(TOKEN));
      return true;
    });
    assert.equal(commits(server).length, before);
    server.clearFaults();
    const { hub } = await publish(folder);
    assert.deepEqual([hub.changed, commits(server).length], [true, before + 1]);
    assertSame(server, folder);
    assert.equal((await revision(folder))!.hub_commit, hub.commit);
  }, token),
);

Deno.test(
  "a busy hub is asked again, and a lost answer makes no second commit",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    server.fault(/repos\/create/, answers(429, "slow down", { "Retry-After": "7" }));
    server.fault(/preupload/, answers(503, "down"));
    server.fault(/batch/, answers(500, "down"));
    server.fault(/^PUT/, answers(502, "down"));
    server.fault(/commit\/main/, (next) => async (request) => {
      await next(request);
      return new Response("gone", { status: 504 });
    });
    const { waits, hub } = await publish(folder);
    assert.equal(waits[0], 7000);
    assert.deepEqual([commits(server).length, commits(server)[1].oid], [2, hub.commit]);
    assertSame(server, folder);
  }, token),
);

for (const large of [true, false]) {
  Deno.test(
    `the hub decides that ${large ? "all" : "no"} files are large`,
    withHub(async ({ server, folder }) => {
      await prepared(folder);
      server.isLarge = () => large;
      await publish(folder);
      assertSame(server, folder);
      assert.equal(server.objects.size > 0, large);
    }, token),
  );
}

Deno.test(
  "what it is refused for is one sentence without the token; hub and record are as before",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    const refused = async (
      kind: typeof InputError | typeof OperationError,
      pattern: RegExp,
      options: HubPublishOptions = {},
      environment = token,
    ) => {
      const before = JSON.stringify([...server.repos]);
      await withEnvironment(
        { HF_ENDPOINT: server.url, HF_HOME: folder, ...environment },
        () =>
          assert.rejects(publish(folder, options), (error: Error) => {
            assert.ok(error instanceof kind, error.stack);
            assert.match(error.message, pattern);
            assert.doesNotMatch(error.message, /hf_[a-z]/);
            return true;
          }),
      );
      assert.equal(JSON.stringify([...server.repos]), before);
      assert.equal((await revision(folder))?.repo ?? null, null);
    };
    await refused(InputError, /needs a token that may write/, {}, {} as typeof token);
    await refused(InputError, /does not accept your token/, {}, { HF_TOKEN: "hf_expiredOne" });
    await refused(InputError, /may not write to the dataset/, {}, { HF_TOKEN: READ_TOKEN });
    server.put("datasets/team/other", {}, { private: true });
    server.put(KEY, { "README.md": "public" });
    await refused(InputError, /all can see it; say private=false/);
    server.repos.get(KEY)!.private = true;
    server.fault(/commit\/main/, answers(409, "A commit is being made."));
    await refused(OperationError, /changed by somebody else meanwhile .*nothing was pushed/);
    const db = join(folder, "test.duckdb"), bytes = Deno.readFileSync(db);
    assert.ok(!new TextDecoder("latin1").decode(bytes).includes(TOKEN), "the token is not stored");
    for await (const { name } of Deno.readDir(join(folder, "out"))) {
      const file = join(folder, "out", name);
      if (Deno.statSync(file).isFile) assert.ok(!Deno.readTextFileSync(file).includes(TOKEN));
    }
  }, token),
);

Deno.test(
  "for everybody only what may be passed on, or what was accepted by name",
  withHub(async ({ server, folder }) => {
    await prepared(folder);
    const db = join(folder, "test.duckdb");
    await withStore(db, (store) =>
      store.run(
        "UPDATE questions SET source = 'leetcode', licence = 'none', redistributable = false WHERE slug < 'question-2'",
      ));
    await assert.rejects(publish(folder, { private: false }), /leetcode: .*accept=\[leetcode\]/);
    assert.equal(server.repos.size, 0);
    assert.equal(await revision(folder), undefined);
    const { hub } = await publish(folder, { private: false, accept: ["leetcode"] });
    assert.equal(hub.private, false);
    assert.match(server.texts(KEY)["README.md"], /^license: other$/m);
  }, token),
);
