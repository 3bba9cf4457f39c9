import assert from "node:assert/strict";
import { join } from "node:path";
import { measureProcess } from "@/lib/bench/measured-process.ts";
import { OperationError } from "@/lib/errors.ts";

const run = (code: string, options = {}) =>
  measureProcess(Deno.execPath(), ["eval", code], options);

Deno.test("measured process: lines of JSON come with growing times, other output is left aside", async () => {
  const seen: unknown[] = [];
  const { lines, wallSeconds } = await run(
    `console.log('{"step":1}'); console.log("{'loss': 1}"); console.log('{"step":2}');`,
    { onLine: ({ value }: { value: unknown }) => seen.push(value) },
  );
  assert.deepEqual(lines.map(({ value }) => value), [{ step: 1 }, { step: 2 }]);
  assert.deepEqual(seen, [{ step: 1 }, { step: 2 }]);
  assert.ok(lines[0].seconds > 0 && lines[1].seconds >= lines[0].seconds);
  assert.ok(wallSeconds >= lines[1].seconds);
});

Deno.test({
  name: "measured process: memory and CPU time of the whole tree are counted",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // The tree stays until its line was read and its processes looked at.
    const folder = Deno.makeTempDirSync(), seen = join(folder, "seen");
    const inner = `import process from "node:process";
      import { watch } from "node:fs";
      const held = new Uint8Array(300e6).fill(1);
      while (process.cpuUsage().user < 300_000);
      const watcher = watch(${JSON.stringify(folder)}, () => watcher.close());
      console.log(JSON.stringify({ held: held.length }));`;
    const outer = `const child = new Deno.Command(Deno.execPath(),
      { args: ["eval", ${
      JSON.stringify(inner)
    }], stdout: "inherit" }).spawn(); await child.status;`;
    const { lines: [line], usage } = await run(outer, {
      onLine: () => Deno.writeTextFileSync(seen, ""),
    });
    Deno.removeSync(folder, { recursive: true });
    assert.equal(line.value.held, 300e6);
    assert.ok(usage!.peakBytes > 300e6, `${usage!.peakBytes}`);
    assert.ok(line.cpuSeconds! > 0.2, `${line.cpuSeconds}`);
  },
});

Deno.test("measured process: a failure tells the exit code and the last lines", async () => {
  await assert.rejects(
    run(`console.error("out of luck"); Deno.exit(3)`),
    (error: Error) =>
      error instanceof OperationError && /exit code 3/.test(error.message) &&
      /out of luck/.test(error.message),
  );
});

Deno.test("measured process: an abort ends the program", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    run(`console.log(JSON.stringify({ pid: Deno.pid })); setInterval(() => {}, 1000)`, {
      signal: controller.signal,
      onLine: () => controller.abort(reason),
    }),
    reason,
  );
});

Deno.test("measured process: settings in the environment do not reach the program", async () => {
  Deno.env.set("CODEPREF_SEED", "7");
  try {
    const { lines } = await run(
      `console.log(JSON.stringify({ seed: Deno.env.get("CODEPREF_SEED"), own: Deno.env.get("OWN") }))`,
      { env: { OWN: "1" } },
    );
    assert.deepEqual(lines[0].value, { own: "1" });
  } finally {
    Deno.env.delete("CODEPREF_SEED");
  }
});
