/** Datasets of the hub, against a server of our own. */
import assert from "node:assert/strict";
import { InputError } from "@/lib/errors.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";
import { gzipped, jsonl, readAll } from "./files.ts";

const row = (prompt: string) => ({ prompt, chosen: "a", rejected: "b" });
const dialogue = (n: number) => ({
  chosen: `\n\nHuman: ${n}\n\nAssistant: yes`,
  rejected: `\n\nHuman: ${n}\n\nAssistant: no`,
});
const prompts = async (name: string, split: "train" | "test" = "train") =>
  (await readAll(name, split, { testFraction: 0, db: "/nowhere/x.duckdb" })).examples.map((e) =>
    e.prompt
  );

Deno.test(
  "a registered name and NAMESPACE/NAME are downloaded, and only their splits' files",
  withHub(async ({ server, cache }) => {
    const hh = server.put("datasets/Anthropic/hh-rlhf", {
      "README.md": "---\nlicense: mit\n---\n",
      "harmless-base/train.jsonl.gz": await gzipped(jsonl([dialogue(1)])),
      "helpful-base/train.jsonl.gz": await gzipped(jsonl([dialogue(2)])),
      "helpful-base/test.jsonl.gz": await gzipped(jsonl([dialogue(3)])),
      "red-team-attempts/red_team_attempts.jsonl.gz": "never asked for",
    });
    assert.deepEqual(await prompts("hh"), [
      "\n\nHuman: 1\n\nAssistant:",
      "\n\nHuman: 2\n\nAssistant:",
    ]);
    assert.deepEqual(await prompts("hh", "test"), ["\n\nHuman: 3\n\nAssistant:"]);
    const { source } = await readAll("hh", "train");
    assert.deepEqual(source.hub, { repo: "Anthropic/hh-rlhf", commit: hh });
    assert.ok(source.path.startsWith(cache));
    await assert.rejects(Deno.stat(`${source.path}/red-team-attempts`), Deno.errors.NotFound);

    server.put("datasets/me/mine", { "data/train-0.jsonl": jsonl([row("p")]) });
    assert.deepEqual(await prompts("me/mine"), ["p"]);
  }),
);

Deno.test(
  "a revision stays what it was; without a hub what was downloaded is read",
  withHub(async ({ server }) => {
    const first = server.put("datasets/me/mine", { "train.jsonl": jsonl([row("old")]) });
    assert.deepEqual(await prompts("me/mine"), ["old"]);
    server.put("datasets/me/mine", { "train.jsonl": jsonl([row("new")]) });
    assert.deepEqual(await prompts("me/mine"), ["new"]);
    assert.deepEqual(await prompts(`me/mine@${first}`), ["old"]);
    const { source } = await readAll(`me/mine@${first}`, "train");
    const begun = [{ ...source, name: "me/mine" }];
    assert.deepEqual((await readAll("me/mine", "train", { begun })).source, begun[0]);
    const environment = { HF_ENDPOINT: server.url, HF_HOME: Deno.env.get("HF_HOME") };
    await withEnvironment({ ...environment, HF_HUB_OFFLINE: "1" }, async () => {
      assert.deepEqual(await prompts("me/mine"), ["new"]);
      assert.deepEqual(await prompts(`me/mine@${first}`), ["old"]);
      await assert.rejects(
        prompts("shp"),
        (error) =>
          error instanceof InputError &&
          /datasets=\[shp\]: the dataset stanfordnlp\/SHP is not in .* HF_HUB_OFFLINE is set/.test(
            error.message,
          ),
      );
    });
  }),
);

Deno.test(
  "what is not on the hub, or holds no data, is said with the name that was given",
  withHub(async ({ server }) => {
    server.put("datasets/me/pictures", { "a.png": "…" });
    await assert.rejects(
      prompts("me/nothing"),
      /datasets=\[me\/nothing\] is no file or folder here; the hub has no dataset/,
    );
    await assert.rejects(
      prompts("me/pictures"),
      /datasets=\[me\/pictures\] is no file or folder here; me\/pictures holds no dataset/,
    );
    await assert.rejects(prompts("data/pairs.jsonl"), /There is no dataset data\/pairs\.jsonl/);
    await assert.rejects(
      prompts("lc"),
      /Nothing was published from \/nowhere\/x\.duckdb yet \(deno task publish db=.*minfeng-ai\/leetcode_preference/,
    );
  }),
);

Deno.test(
  "lc is the original where nothing was published here",
  withHub(async ({ server }) => {
    server.put("datasets/minfeng-ai/leetcode_preference", {
      "preferences.csv": "id,title,description,difficulty,version1,version2,preference\n" +
        '1,Two Sum,"Add\nthem.",Easy,a = 1,b = 2,version2\n2,X,Y,Hard,a,b,same\n',
    });
    const { examples, source } = await readAll("lc", "train", {
      testFraction: 0,
      db: "/nowhere/x.duckdb",
    });
    assert.deepEqual(examples.map(({ prompt, sft_target }) => [prompt, sft_target]), [
      ["Add\nthem.", "b = 2"],
    ]);
    assert.deepEqual(source.leftOut, { "no preference": 1 });
  }),
);
