import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError, OperationError } from "@/lib/errors.ts";
import { checkPush, downloadSnapshot, type HubRepo, pushFolder } from "@/lib/hub/mod.ts";
import { type HubServer, READ_TOKEN, sha256, TOKEN } from "@/tests/hub/hub-server.ts";
import { answers, breaksAfter } from "@/tests/hub/responses.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";

const REPO: HubRepo = { type: "model", name: "team/tiny" };
const LARGE = Uint8Array.from({ length: 500_000 }, (_, i) => (i * i) >> 3);
const OTHER = LARGE.map((byte) => byte ^ 1);

/** A folder of files to push. */
function folderOf(folder: string, files: Record<string, string | Uint8Array>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, "out", path);
    Deno.mkdirSync(join(file, ".."), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(file, content);
    else Deno.writeFileSync(file, content);
  }
  return join(folder, "out");
}

async function push(folder: string, options: Partial<Parameters<typeof pushFolder>[2]> = {}) {
  const said: string[] = [], waits: number[] = [];
  const pushed = await pushFolder(REPO, folder, {
    private: true,
    title: "Trained",
    log: (line) => said.push(line),
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    ...options,
  });
  return { ...pushed, said, waits };
}

const commits = (server: HubServer, repo = "models/team/tiny") => server.repos.get(repo)!.commits;
const token = { HF_TOKEN: TOKEN };

Deno.test(
  "a folder is pushed as one commit of a private repository, and comes back equal",
  withHub(async ({ server, folder }) => {
    const out = folderOf(folder, {
      "README.md": "# Tiny é\n",
      "config.json": "{}\n",
      "model.safetensors": LARGE,
      "data/with space.safetensors": "small, and large by its name",
    });
    const progress: number[] = [];
    const pushed = await push(out, { onProgress: (done) => progress.push(done) });
    assert.deepEqual(
      [pushed.url, pushed.commit, pushed.changed, pushed.private],
      [`${server.url}/team/tiny`, commits(server).at(-1)!.oid, true, true],
    );
    assert.equal(server.repos.get("models/team/tiny")!.private, true);
    assert.deepEqual(commits(server).map(({ title }) => title), ["initial commit", "Trained"]);
    assert.equal(progress.at(-1), 1);
    const { folder: back } = await downloadSnapshot(REPO);
    for (
      const path of ["README.md", "config.json", "model.safetensors", "data/with space.safetensors"]
    ) {
      assert.deepEqual(
        Deno.readFileSync(join(back, path)),
        Deno.readFileSync(join(out, path)),
        path,
      );
    }

    const again = await push(out);
    assert.deepEqual([again.commit, again.changed], [pushed.commit, false]);
    assert.equal(commits(server).length, 2, "the same contents make no commit");
  }, token),
);

Deno.test(
  "a later push sends what is new, takes away what it replaces, and leaves the rest",
  withHub(async ({ server, folder }) => {
    server.put("models/team/tiny", {
      "LICENSE": "theirs",
      "model.safetensors": LARGE,
      "model.safetensors.index.json": "{}",
      "model-00001-of-00002.safetensors": "old",
    }, { private: true });
    const out = folderOf(folder, { "model.safetensors": LARGE, "config.json": "{}\n" });
    await push(out, { replaces: (path) => /^model.*safetensors/.test(path) });
    assert.deepEqual(Object.keys(server.texts("models/team/tiny")).sort(), [
      ".gitattributes",
      "LICENSE",
      "config.json",
      "model.safetensors",
    ]);
    assert.deepEqual(server.lines(/^(PUT|POST.*batch)/), [], "what is there is not sent");
  }, token),
);

Deno.test(
  "large files are sent in parts where the hub wants that",
  withHub(async ({ server, folder }) => {
    server.partSize = 200_000;
    await push(folderOf(folder, { "model.safetensors": LARGE }));
    assert.equal(server.lines(/^PUT/).length, 3);
    assert.deepEqual(server.objects.get(sha256(LARGE)), LARGE);
  }, token),
);

Deno.test(
  "a push that breaks changes nothing, and the next sends the rest alone",
  withHub(async ({ server, folder }) => {
    server.put("models/team/tiny", { "config.json": "{}" }, { private: true });
    const before = commits(server).length;
    const out = folderOf(folder, { "a.safetensors": LARGE, "b.safetensors": OTHER });
    const stored = Promise.withResolvers<void>();
    server.fault(new RegExp(`PUT /${sha256(LARGE)}`), (next) => async (request) => {
      const response = await next(request);
      stored.resolve();
      return response;
    });
    const down = answers(500, "storage is down")();
    server.fault(new RegExp(`PUT /${sha256(OTHER)}`), () => async () => {
      await stored.promise;
      return down();
    }, 99);
    await assert.rejects(push(out), (error: Error) => {
      assert.ok(error instanceof OperationError, error.stack);
      assert.match(
        error.message,
        /answers with status 500 for the model team\/tiny: storage is down/,
      );
      assert.doesNotMatch(error.message, /signature|hf_[a-z]/);
      return true;
    });
    assert.equal(commits(server).length, before);
    server.clearFaults();
    const sent = server.lines(new RegExp(`PUT /${sha256(LARGE)}`)).length;
    const { changed } = await push(out);
    assert.ok(changed);
    assert.equal(server.lines(new RegExp(`PUT /${sha256(LARGE)}`)).length, sent, "sent once");
    assert.equal(commits(server).length, before + 1);
  }, token),
);

Deno.test(
  "a busy hub is asked again, and a commit whose answer is lost is made once",
  withHub(async ({ server, folder }) => {
    const out = folderOf(folder, { "config.json": "{}\n", "model.safetensors": LARGE });
    server.fault(/repos\/create/, answers(429, "slow down", { "Retry-After": "3" }));
    server.fault(/batch/, answers(503, "down"));
    server.fault(/^PUT/, answers(502, "down"));
    server.fault(/commit\/main/, (next) => async (request) => {
      await next(request);
      return new Response("gone", { status: 504 });
    });
    const { waits, changed, commit } = await push(out);
    assert.deepEqual([waits, changed], [[3000, 1000, 1000, 1000], true]);
    assert.deepEqual([commits(server).length, commits(server)[1].oid], [2, commit]);
    assert.deepEqual(server.objects.get(sha256(LARGE)), LARGE);

    Deno.writeTextFileSync(join(out, "config.json"), "{ }\n");
    server.fault(/commit\/main/, breaksAfter(3));
    assert.equal((await push(out)).commit, commits(server)[2].oid);
    assert.equal(commits(server).length, 3);
  }, token),
);

Deno.test(
  "what a push is refused for is one sentence, and nothing is changed",
  withHub(async ({ server, folder }) => {
    const out = folderOf(folder, { "config.json": "{}\n" });
    const refused = async (
      message: RegExp,
      environment: { HF_TOKEN?: string; HF_HUB_OFFLINE?: string },
      { name = REPO.name, isPrivate = true } = {},
    ) => {
      const before = JSON.stringify([...server.repos]);
      const use = () =>
        pushFolder({ type: "model", name }, out, {
          private: isPrivate,
          title: "x",
          wait: () => Promise.resolve(),
        });
      await withEnvironment(
        { HF_ENDPOINT: server.url, HF_HOME: folder, ...environment },
        () =>
          assert.rejects(use, (error: Error) => {
            assert.ok(error instanceof InputError || error instanceof OperationError, error.stack);
            assert.match(error.message, message);
            assert.doesNotMatch(error.message, /hf_[a-z]/);
            return true;
          }),
      );
      assert.equal(JSON.stringify([...server.repos]), before);
    };
    await refused(/a push needs a token that may write: .* set HF_TOKEN/, {});
    await refused(/HF_HUB_OFFLINE is set/, { ...token, HF_HUB_OFFLINE: "1" });
    await refused(/does not accept your token/, { HF_TOKEN: "hf_expiredOne" });
    await refused(/may not write to the model team\/tiny \(You don't have/, {
      HF_TOKEN: READ_TOKEN,
    });
    await refused(/tiny cannot be the name of a repository/, token, { name: "tiny" });
    server.put("models/team/public", { "config.json": "{}" });
    const shown = { name: "team/public" };
    await refused(/all can see it; say private=false to push there/, token, shown);
    await refused(/may not write to the model team\/public/, { HF_TOKEN: READ_TOKEN }, {
      ...shown,
      isPrivate: false,
    });
    server.fault(/commit\/main/, answers(412, "A commit has happened since."));
    await refused(/changed by somebody else meanwhile \(A commit .*nothing was pushed/, token, {
      ...shown,
      isPrivate: false,
    });
    server.fault(/commit\/main/, answers(400, 'Invalid metadata: "license" is unknown'));
    await refused(/status 400 for the model team\/public: Invalid metadata/, token, {
      ...shown,
      isPrivate: false,
    });
    await withEnvironment(
      { HF_ENDPOINT: server.url, HF_HOME: folder, ...token },
      async () => {
        await assert.rejects(
          checkPush({ type: "model", ...shown }, { private: true }),
          /all can see it/,
        );
        await checkPush({ type: "model", ...shown }, { private: false });
        await checkPush({ type: "dataset", name: "team/new" }, { private: true });
      },
    );
    assert.deepEqual([...server.repos.keys()], ["models/team/public"]);
  }),
);

Deno.test(
  "datasets go the same way, in public where that is said",
  withHub(async ({ server, folder }) => {
    const out = folderOf(folder, { "README.md": "# Pairs\n", "data/train.parquet": LARGE });
    const repo: HubRepo = { type: "dataset", name: "team/pairs" };
    const { url } = await pushFolder(repo, out, { private: false, title: "Pairs" });
    assert.equal(url, `${server.url}/datasets/team/pairs`);
    assert.equal(server.repos.get("datasets/team/pairs")!.private, false);
    const { folder: back } = await downloadSnapshot(repo);
    assert.deepEqual(Deno.readFileSync(join(back, "data/train.parquet")), LARGE);
  }, token),
);
