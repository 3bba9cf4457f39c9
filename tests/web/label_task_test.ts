/** `deno task label` as a process of its own. */
import assert from "node:assert/strict";
import { rows, signIn, TOKEN } from "@/tests/web/client.ts";
import { makeDatabase } from "@/tests/web/database.ts";

interface Server extends AsyncDisposable {
  origin: string;
  url: string;
  kill(signal: Deno.Signal): Promise<Deno.CommandStatus>;
}

function command(args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "lib/cli/label.ts", ...args],
    stdout: "piped",
    stderr: "piped",
  });
}

async function start(args: string[]): Promise<Server> {
  const child = command([...args, `token=${TOKEN}`, "json=true"]).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let value: string | undefined;
  // The result is one short line, written at once; the real Fresh says something before it.
  do ({ value } = await lines.read()); while (value && !value.startsWith("{"));
  const errors = new Response(child.stderr).text();
  if (!value) throw new Error(`The server did not start: ${await errors}`);
  const kill = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      // Gone already.
      if (!(error instanceof TypeError)) throw error;
    }
    await lines.cancel();
    await errors;
    return await child.status;
  };
  return {
    ...JSON.parse(value),
    kill,
    [Symbol.asyncDispose]: async () => void await kill("SIGKILL"),
  };
}

Deno.test("what was acknowledged survives kill -9, sessions do too, and Ctrl-C ends the server", async () => {
  await using database = await makeDatabase();
  const args = [`db=${database.path}`];
  await using first = await start([...args, "port=0"]);
  assert.equal(first.url, `${first.origin}/?token=${TOKEN}`);
  const ada = await signIn(first.origin, "ada");
  const item = await ada.next();
  const { id } = await (await ada.label(item, { preference: "a" })).json();
  await first.kill("SIGKILL");

  await using second = await start([...args, `port=${new URL(first.origin).port}`]);
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
    const output = await command(args).output();
    const text = new TextDecoder().decode(output.stderr).trim();
    assert.equal(output.code, code, text);
    assert.match(text, sentence);
    assert.equal(text.split("\n").length, 1, text);
  }
  await taken.shutdown();
});
