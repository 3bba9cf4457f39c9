import assert from "node:assert/strict";
import { join } from "node:path";
import { GrowingLines, lastLines } from "@/lib/evaluation/growing-lines.ts";
import { withFolder } from "@/tests/notebooks/fixture.ts";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => JSON.stringify({ examples: from + i }) + "\n").join(
    "",
  );

Deno.test("of a file that grows only what was appended is read, and half a line waits", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const file = new GrowingLines<{ examples: number }>(path);
    await file.update();
    assert.deepEqual([file.lines, file.version], [[], 0]);
    await Deno.writeTextFile(path, lines(0, 3) + '{"exam');
    await file.update();
    assert.equal(file.lines.length, 3);
    const { version } = file;
    // Were the beginning read again, this would be seen.
    using handle = await Deno.open(path, { write: true });
    await handle.write(new TextEncoder().encode('{"examples":9}'));
    await file.update();
    assert.equal(file.version, version);
    await Deno.writeTextFile(path, 'ples":3}\nnot JSON\n' + lines(4, 6), { append: true });
    await file.update();
    assert.deepEqual(file.lines.map(({ examples }) => examples), [0, 1, 2, 3, 4, 5]);
    assert.equal(file.broken, 1);
    assert.notEqual(file.version, version);
  });
});

Deno.test("a file that was replaced or is gone is read anew", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const file = new GrowingLines<{ examples: number }>(path);
    const seen = async () => {
      const { version } = file;
      await file.update();
      return [file.lines.length, file.lines.at(-1)?.examples, file.version !== version];
    };
    await Deno.writeTextFile(path, lines(0, 5));
    assert.deepEqual(await seen(), [5, 4, true]);
    await Deno.writeTextFile(`${path}.partial`, lines(10, 15));
    await Deno.rename(`${path}.partial`, path);
    assert.deepEqual(await seen(), [5, 14, true]);
    await Deno.writeTextFile(path, lines(0, 1));
    assert.deepEqual(await seen(), [1, 0, true]);
    await Deno.remove(path);
    assert.deepEqual(await seen(), [0, undefined, true]);
  });
});

Deno.test("lines longer than what is read at once are whole", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "samples.jsonl");
    const long = "é".repeat(1_300_000);
    await Deno.writeTextFile(path, `${JSON.stringify({ long })}\n${lines(1, 2)}`);
    const file = new GrowingLines<{ long?: string }>(path);
    await file.update();
    assert.equal(file.lines[0].long, long);
    assert.equal(file.lines.length, 2);
  });
});

Deno.test("the last lines are those that are whole within so many bytes", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    assert.deepEqual(await lastLines(path, 100), []);
    await Deno.writeTextFile(path, lines(1000, 2000) + '{"exam');
    const last = await lastLines<{ examples: number }>(path, 100);
    assert.deepEqual(last.map(({ examples }) => examples), [1995, 1996, 1997, 1998, 1999]);
    assert.equal((await lastLines(path, 1 << 20)).length, 1000);
  });
});
