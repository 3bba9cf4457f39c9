import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

const decoder = new TextDecoder();

function command(args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT_ROOT, "tests/cli/example_task.ts"), ...args],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await command(args).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Starts the task, waits until it says "ready", then sends the signals one by one. */
async function interrupted(mode: string, signals: Deno.Signal[]): Promise<number> {
  const child = command([`mode=${mode}`]).spawn();
  const reader = child.stdout.getReader();
  const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  assert.match(decoder.decode((await reader.read()).value), /ready/);
  for (const signal of signals) {
    child.kill(signal);
    if (signals.length > 1) await errors.read();
  }
  const { code } = await child.status;
  while (!(await reader.read()).done);
  while (!(await errors.read()).done);
  return code;
}

Deno.test("task: results for people and for programs", async () => {
  assert.deepEqual(await run(), { code: 0, out: "for people\nThe answer is 42.\n", err: "" });
  assert.deepEqual(await run("json=true"), {
    code: 0,
    out: '{"answer":42}\n',
    err: "for people\n",
  });
});

Deno.test("task: --help and --print-config run nothing", async () => {
  const help = await run("--help");
  assert.equal(help.code, 0);
  assert.match(help.out, /deno task example \[key=value …\]/);
  const told = JSON.parse((await run("--help", "json=true")).out);
  assert.deepEqual([told.name, Object.keys(told.keys)], ["example", ["mode", "json"]]);
  const config = await run("mode=bug", "--print-config");
  assert.deepEqual(JSON.parse(config.out), { mode: "bug", json: false });
});

Deno.test("task: known errors are one sentence and an exit code", async () => {
  assert.deepEqual(await run("mode=input"), {
    code: 2,
    out: "",
    err: "The file questions.jsonl has no line 7.\n",
  });
  assert.deepEqual(await run("mode=operation"), {
    code: 1,
    out: "",
    err: "Port 8000 is in use.\n",
  });
  const space = await run("mode=space");
  assert.equal(space.code, 1);
  assert.match(space.err, /^No space is left on the disk: .*\n$/);
  const unknown = await run("mod=good");
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /^Unknown setting "mod": did you mean mode\? .*\n$/);
});

Deno.test("task: a bug shows its stack, thrown or rejected", async () => {
  for (const mode of ["bug", "rejection"]) {
    const { code, err } = await run(`mode=${mode}`);
    assert.equal(code, 1);
    assert.match(err, /please report it/);
    assert.match(err, /TypeError: .*\n\s+at .*example_task\.ts/);
  }
});

Deno.test("task: an interrupt ends in 130 after the work has stopped, a second one at once", async () => {
  assert.equal(await interrupted("wait", ["SIGINT"]), 130);
  assert.equal(await interrupted("wait", ["SIGTERM"]), 130);
  assert.equal(await interrupted("stuck", ["SIGINT", "SIGINT"]), 130);
});

Deno.test("task: progress is plain lines where there is no terminal", async () => {
  const { out, err } = await run("mode=progress");
  assert.equal(out, "");
  assert.match(err, /^work: 0\/10 \(0 %\), note\nwork: 10\/10 \(100 %\), done in 0:00, note\n$/);
});
