/** `deno task label` as a process of its own. */
import assert from "node:assert/strict";
import { labelerWith, rows, signIn, TOKEN } from "@/tests/web/client.ts";
import { makeDatabase } from "@/tests/web/database.ts";
import { labelCommand, startServer } from "@/tests/web/server-process.ts";

Deno.test("what was acknowledged survives kill -9, sessions do too, and Ctrl-C ends the server", async () => {
  await using database = await makeDatabase();
  const args = [`db=${database.path}`];
  await using first = await startServer([...args, "port=0"]);
  assert.equal(first.url, `${first.origin}/?token=${TOKEN}`);
  const ada = await signIn(first.origin, "ada");
  const item = await ada.next();
  const { id } = await (await ada.label(item, { preference: "a" })).json();
  await first.kill("SIGKILL");

  await using second = await startServer([...args, `port=${new URL(first.origin).port}`]);
  assert.equal((await (await ada.get(`/api/labels/${id}`)).json()).preference, "a");
  assert.equal((await ada.next()).progress.labeled, 1);
  const { code } = await second.kill("SIGINT");
  assert.equal(code, 130);
  assert.deepEqual(await rows(database.path, "SELECT id FROM labels"), [{ id }]);
});

Deno.test("what keeps the server from starting is one sentence", async () => {
  await using database = await makeDatabase();
  const taken = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(),
  );
  const cases: [string[], number, RegExp][] = [
    [[`db=${database.path}`, `port=${taken.addr.port}`], 1, /^Port \d+ is in use/],
    [
      [`db=${database.path}`, "host=0.0.0.0"],
      2,
      /^host=0\.0\.0\.0 can be reached by other machines/,
    ],
    [[`db=${database.path}.missing`], 2, /^There is no database at .*deno task import/],
  ];
  for (const [args, code, sentence] of cases) {
    const output = await labelCommand(args).output();
    const text = new TextDecoder().decode(output.stderr).trim();
    assert.equal(output.code, code, text);
    assert.match(text, sentence);
    assert.equal(text.split("\n").length, 1, text);
  }
  await taken.shutdown();
});

/** Runs the task to its end. @returns its results */
async function results(args: string[]): Promise<Record<string, unknown>[]> {
  const output = await labelCommand([...args, "json=true"]).output();
  assert.equal(output.code, 0, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("users add, list and remove; a team's server takes whom they let in", async () => {
  await using database = await makeDatabase();
  const db = `db=${database.path}`;
  assert.deepEqual(await results(["users", "list", db]), [{ accounts: [] }]);
  const team = "hosts=[label.example.org]";
  const [{ link, ...ada }] = await results(["users", "add", "ada", "role=admin", db, team]);
  assert.deepEqual(ada, { name: "ada", role: "admin", hours: 72 });
  const [, invitation] = String(link).match(
    /^http:\/\/label\.example\.org:8000\/join\/([\w-]{43})$/,
  )!;
  await results(["users", "add", "bob", db]);
  await results(["users", "remove", "bob", db]);
  assert.deepEqual(await results(["users", "list", db]), [
    { name: "ada", role: "admin", state: "invited", labels: 0 },
    { name: "bob", role: "labeler", state: "removed", labels: 0 },
  ]);

  await using server = await startServer([db, "port=0", "host=0.0.0.0", team, "overlap=3"]);
  assert.equal(server.url, server.origin);
  const origin = `http://127.0.0.1:${new URL(server.origin).port}`;
  const joined = await fetch(`${origin}/join/${invitation}`, {
    method: "POST",
    redirect: "manual",
  });
  await joined.body?.cancel();
  const cookie = joined.headers.get("Set-Cookie")!.split(";")[0];
  assert.equal((await labelerWith(origin, cookie).next()).progress.total, 4);
});

Deno.test("practice add, list and remove; a pair needs an answer and a reason", async () => {
  await using database = await makeDatabase();
  const db = `db=${database.path}`, pair = "pair-count-vowels";
  assert.deepEqual(await results(["practice", "list", db]), [{ pairs: [] }]);
  await results(["practice", "add", pair, "preference=version1", "note=upper case", db]);
  assert.deepEqual(await results(["practice", "list", db]), [
    { pair, preference: "version1", note: "upper case", answered: 0, right: 0 },
  ]);
  await results(["practice", "remove", pair, db]);
  const { code, stderr } = await labelCommand(["practice", "add", pair, db]).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /^Say what the right answer is and why/);
});

Deno.test("gold add, list and remove; what they do not take is one sentence", async () => {
  await using database = await makeDatabase();
  const db = `db=${database.path}`, pair = "pair-count-vowels";
  await results(["gold", "add", pair, "preference=version1", "note=upper case", db]);
  assert.deepEqual(await results(["gold", "list", db]), [
    { pair, preference: "version1", note: "upper case" },
  ]);
  await results(["gold", "remove", pair, db]);
  assert.deepEqual(await results(["gold", "list", db]), [{ pairs: [] }]);
  for (
    const [args, sentence] of [
      [["gold", "add", "nothing", "preference=same", db], /^There is no pair nothing/],
      [["gold", "add", pair, db], /^Say what the right answer is: preference=/],
      [["gold", "remove", pair, db], /^Pair .* is not gold/],
      [["users", "add", db], /^Say add NAME, list or remove NAME/],
      [["users", "add", "unit-tests", db], /labels automatically/],
      [["nonsense", db], /^What is nonsense\?/],
    ] as [string[], RegExp][]
  ) {
    const { code, stderr } = await labelCommand(args).output();
    assert.equal(code, 2);
    assert.match(new TextDecoder().decode(stderr), sentence);
  }
});
