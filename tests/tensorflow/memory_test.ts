/** What nobody uses any more is freed. */
import assert from "node:assert/strict";
import { jit, memory, tf } from "@/lib/tensorflow/mod.ts";
import { runProcess } from "./processes/run.ts";

const MIB = 1 << 20;

Deno.test("tensors and variables that were forgotten go with the garbage", async () => {
  const { before, rounds, values } = await runProcess("forgotten.ts", [], [
    "--v8-flags=--expose-gc",
  ]);
  for (const { handlesBefore, handles, tensors, bytes } of rounds) {
    assert.ok(handlesBefore >= 200);
    // The last ones may still be on the stack.
    assert.ok(handles <= before.handles + 4, `${handles} handles`);
    assert.ok(tensors <= before.tensors + 4, `${tensors} tensors`);
    assert.ok(bytes <= before.bytes + 4 * MIB, `${bytes} bytes`);
  }
  const grown = rounds.at(-1).rss - rounds[1].rss;
  assert.ok(grown < 100 * MIB, `${grown / MIB} MiB more after four rounds`);
  assert.deepEqual(values, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
});

Deno.test("long strings leave no memory behind", () => {
  const text = "x".repeat(MIB);
  const lengths = (i: number) =>
    tf.tidy(() => {
      const joined = tf.concat([tf.tensor([text + i, "short"]), tf.tensor(["", "y".repeat(30)])]);
      return (joined.dataSync() as unknown as string[]).map((item) => item.length);
    });
  for (let i = 0; i < 20; i++) lengths(i);
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 300; i++) lengths(i);
  assert.deepEqual(lengths(7), [MIB + 1, 5, 0, 30]);
  assert.ok(Deno.memoryUsage().rss - before < 150 * MIB);
});

Deno.test("a traced function gives back what it captured, also when its tracing fails", () => {
  const large = tf.range(0, MIB);
  large.dataSync();
  const before = memory();
  const traced = jit((x: tf.Tensor) => tf.sum(tf.mul(large, x)));
  tf.tidy(() => void traced(tf.scalar(2)));
  assert.equal(memory().handles, before.handles + 1);
  traced.dispose();
  assert.deepEqual(memory(), before);
  const failing = jit((x: tf.Tensor) => tf.mul(large, x).dataSync());
  const two = tf.scalar(2);
  assert.throws(() => failing(two), /while its function was being traced/);
  two.dispose();
  assert.deepEqual(memory(), before);
  large.dispose();
});
