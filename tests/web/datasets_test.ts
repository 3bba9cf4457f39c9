/** The API that publishes datasets: who may, what is refused, what comes of it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withStore } from "@/lib/store/store.ts";
import { invite } from "@/lib/web/accounts.ts";
import type { DatasetEvent, ShownRevision } from "@/lib/web/datasets.ts";
import { addPair, label, labeledDatabase, question } from "@/tests/datasets/database.ts";
import { TOKEN as HUB_TOKEN } from "@/tests/hub/hub-server.ts";
import { answers } from "@/tests/hub/responses.ts";
import { withHub } from "@/tests/hub/with-hub.ts";
import { type Labeler, labelerWith, serve, SERVING, signIn } from "@/tests/web/client.ts";

/** An app on a database of twenty labeled pairs, and an admin. */
async function app(
  folder: string,
  work: (to: { origin: string; ada: Labeler; db: string; datasets: string }) => Promise<void>,
): Promise<void> {
  const db = join(folder, "test.duckdb"), datasets = join(folder, "datasets");
  await labeledDatabase(db, 20);
  const serving = await serve(db, 0, undefined, [], { datasets });
  try {
    await work({
      origin: serving.origin,
      ada: await signIn(serving.origin, "grace"),
      db,
      datasets,
    });
  } finally {
    await serving.stop();
  }
}

/** What a request makes happen. */
async function ask(who: Labeler, body: Record<string, unknown>): Promise<DatasetEvent[]> {
  const response = await who.post("/api/datasets", body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

const revisions = async (who: Labeler): Promise<ShownRevision[]> =>
  (await (await who.get("/api/datasets")).json()).revisions;

/** The last event, by the name of its only part. */
function last<K extends string>(events: DatasetEvent[], name: K) {
  const event = events.at(-1)!;
  assert.ok(name in event, JSON.stringify(event));
  return (event as unknown as Record<K, never>)[name] as Extract<
    DatasetEvent,
    Record<K, unknown>
  >[K];
}

Deno.test({
  name: "a preview writes nothing; publishing makes a folder and a revision, the same one once",
  ...SERVING,
  fn: withHub(({ folder }) =>
    app(folder, async ({ ada, db, datasets }) => {
      await withStore(db, async (store) => {
        await addPair(store, "tie", "question-0");
        await store.insert("labels", [label("tie", "ada", "same")]);
      });
      const looked = await ask(ada, { action: "preview", test_fraction: 0.3 });
      assert.deepEqual(
        looked.slice(0, -1).map((event) => "note" in event && event.note),
        [
          "counting votes",
          "looking through the texts",
          "writing the tables",
          "writing the card",
          "",
        ],
      );
      const preview = last(looked, "preview");
      const { train, test } = preview.sizes.default;
      assert.equal(train + test, 20);
      assert.deepEqual(preview.leftOut.map(({ reason, pairs }) => [reason, pairs]), [["same", 1]]);
      assert.match(preview.leftOut[0].remedy!, /ties=tests/);
      assert.match(preview.card, /<h1>Code preferences<\/h1>/);
      assert.doesNotMatch(preview.card, /pretty_name|\[image/);
      assert.match(preview.figures[0].svg, /^<svg/);
      assert.equal(preview.rows.length, 3);
      assert.deepEqual([existsSync(datasets), await revisions(ada)], [false, []]);

      const publish = { action: "publish", name: "mine", test_fraction: 0.3, min_labels: 1 };
      const lines = last(await ask(ada, publish), "published");
      assert.match(lines[0], /^Published \d+ training and \d+ test pairs/);
      assert.ok(existsSync(join(datasets, "mine", "README.md")));
      const [revision, ...others] = await revisions(ada);
      assert.deepEqual(others, []);
      assert.deepEqual(
        [revision.path, revision.digest, revision.hub, revision.settings],
        [join(datasets, "mine"), preview.digest, null, ["test_fraction=0.3"]],
      );
      assert.ok(Date.parse(revision.created) <= Date.now());
      assert.match(last(await ask(ada, publish), "published")[0], /^Nothing new/);
      assert.equal((await revisions(ada)).length, 1);
    })
  ),
});

Deno.test({
  name: "to the hub: what is limited has to be accepted for all to see it, the token stays here",
  ...SERVING,
  fn: withHub(({ server, folder }) =>
    app(folder, async ({ ada, db }) => {
      await withStore(db, (store) => store.run("UPDATE generations SET model = 'codellama:7b'"));
      const request = { action: "publish", repo: "team/lc", private: false };
      assert.deepEqual(
        Object.keys(last(await ask(ada, { action: "preview" }), "preview").limited),
        [
          "codellama:7b",
        ],
      );
      const refused = await ask(ada, request);
      assert.match(last(refused, "error"), /codellama:7b: the Llama 2 .*accept=\[codellama:7b\]/);
      assert.deepEqual([server.repos.size, await revisions(ada)], [0, []]);

      server.fault(/^PUT|preupload/, answers(401, "who are you"), 99);
      const failed = await ask(ada, { ...request, accept: ["codellama:7b"] });
      assert.match(last(failed, "error"), /token/);
      server.clearFaults();
      const events = await ask(ada, { ...request, accept: ["codellama:7b"] });
      assert.match(last(events, "published").at(-1)!, /^Pushed to http.* for everybody\)$/);
      assert.ok(events.some((event) => "note" in event && event.note === "sending (MB)"));
      const { hub } = (await revisions(ada))[0];
      assert.deepEqual(
        [hub?.repo, hub?.commit],
        ["team/lc", server.repos.get("datasets/team/lc")!.commits.at(-1)!.oid],
      );
      assert.match(hub!.url, /\/datasets\/team\/lc\/tree\/[0-9a-f]{40}$/);
      assert.ok(!JSON.stringify([refused, failed, events, hub]).includes(HUB_TOKEN));
    }), { HF_TOKEN: HUB_TOKEN }),
});

Deno.test({
  name:
    "what cannot be right is refused in a sentence, and no folder but those of datasets is written",
  ...SERVING,
  fn: withHub(({ folder }) =>
    app(folder, async ({ origin, ada, db, datasets }) => {
      const refused: [Record<string, unknown>, RegExp][] = [
        [{}, /action has to be/],
        [{ name: "../out" }, /name has to be/],
        [{ name: "/tmp/out" }, /name has to be/],
        [{ name: ".." }, /name has to be/],
        [{ name: "" }, /name has to be/],
        [{ tie: "tests" }, /no setting "tie"/],
        [{ constructor: 1 }, /no setting "constructor"/],
        [{ ties: "some" }, /ties has to be one of drop, tests/],
        [{ min_labels: 1.5 }, /min_labels has to be an integer/],
        [{ include_synthetic: "yes" }, /include_synthetic has to be a boolean/],
        [{ allow_words: "a" }, /allow_words has to be a list/],
        [{ private: "no" }, /private has to be/],
        [{ accept: [1] }, /accept has to be/],
        [{ repo: 1 }, /repo has to be/],
      ];
      for (const [body, pattern] of refused) {
        const response = await ada.post("/api/datasets", {
          ...(Object.keys(body).length > 0 ? { action: "publish" } : {}),
          ...body,
        });
        assert.equal(response.status, 400, JSON.stringify(body));
        assert.match((await response.json()).error, pattern);
      }
      const wrong: [Record<string, unknown>, RegExp][] = [
        [{ min_agreement: 2 }, /min_agreement=2 has to be/],
        [{ test_from: "yesterday" }, /test_from=yesterday/],
        [{ min_labels: 9 }, /too few labelers: have more people label them/],
        [{ repo: "team/lc" }, /token/],
      ];
      for (const [body, pattern] of wrong) {
        assert.match(last(await ask(ada, { action: "publish", ...body }), "error"), pattern);
      }
      await withStore(db, async (store) => {
        await store.insert("questions", [question("mail", { description: "eve@people.org" })]);
        await addPair(store, "mail", "mail");
        await store.insert("labels", [label("mail", "ada", "version1")]);
      });
      const found = last(await ask(ada, { action: "preview" }), "error");
      assert.match(found, /address eve@people\.org in the question mail.*findings=drop/);
      const dropped = last(await ask(ada, { action: "preview", findings: "drop" }), "preview");
      assert.deepEqual(dropped.leftOut.map(({ reason }) => reason), ["private text"]);
      assert.equal(existsSync(datasets), false);
      const foreign = await ada.post("/api/datasets", { action: "publish" }, {
        Origin: "https://evil.example",
      });
      assert.equal(foreign.status, 403);
      await foreign.body?.cancel();
      assert.equal((await fetch(`${origin}/api/datasets`)).status, 401);
    })
  ),
});

Deno.test({
  name: "labelers with accounts may neither look nor publish",
  ...SERVING,
  fn: withHub(async ({ folder }) => {
    const db = join(folder, "test.duckdb"), datasets = join(folder, "datasets");
    await labeledDatabase(db, 20);
    const { invitation } = await withStore(db, (store) => invite(store, "bob", "labeler", 1));
    const admin = await withStore(db, (store) => invite(store, "eve", "admin", 1));
    const serving = await serve(db, 0, undefined, [], {
      datasets,
      host: "127.0.0.1",
      hosts: ["label.example"],
    });
    try {
      const origin = `http://127.0.0.1:${serving.port}`;
      const join = async (secret: string) => {
        const address = `${origin}/join/${secret}`;
        const response = await fetch(address, { method: "POST", redirect: "manual" });
        await response.body?.cancel();
        return labelerWith(origin, response.headers.get("Set-Cookie")!.split(";")[0]);
      };
      const bob = await join(invitation), eve = await join(admin.invitation);
      last(await ask(eve, { action: "preview" }), "preview");
      for (
        const response of [
          await bob.get("/datasets"),
          await bob.get("/api/datasets"),
          await bob.post("/api/datasets", { action: "preview" }),
        ]
      ) {
        assert.equal(response.status, 403);
        await response.body?.cancel();
      }
    } finally {
      await serving.stop();
    }
  }),
});

Deno.test({
  name: "whoever goes away stops the upload, and what comes next has its turn",
  ...SERVING,
  fn: withHub(({ server, folder }) =>
    app(folder, async ({ ada }) => {
      const never = Promise.withResolvers<Response>();
      server.fault(/^PUT/, () => () => never.promise, 99);
      const stop = new AbortController(), decoder = new TextDecoder();
      const request = { action: "publish", repo: "team/lc" };
      const response = await ada.post("/api/datasets", request, {}, stop.signal);
      const reader = response.body!.getReader();
      for (let text = ""; !text.includes("sending (MB)");) {
        text += decoder.decode((await reader.read()).value);
      }
      stop.abort();
      last(await ask(ada, { action: "preview" }), "preview");
      server.clearFaults();
      assert.equal(server.repos.get("datasets/team/lc")!.commits.length, 1);
      last(await ask(ada, request), "published");
      assert.equal(server.repos.get("datasets/team/lc")!.commits.length, 2);
      never.resolve(new Response());
    }), { HF_TOKEN: HUB_TOKEN }),
});
