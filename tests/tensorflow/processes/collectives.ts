/** One process of a cluster for collectives_test.ts: prints a line of JSON for each thing it computes. */
import { allGather, allReduce, configure, jit, outlined, tf } from "@/lib/tensorflow/mod.ts";

const [rank, dies] = [Number(Deno.args[0]), Deno.args[1] === "dies"];
const addresses = Deno.args.slice(2);
configure({ cluster: { addresses, rank }, intraOpThreads: 1, interOpThreads: 2 });
const tell = (value: unknown) => console.log(JSON.stringify(value));

const mine = tf.tensor2d([[rank + 1, 10 * (rank + 1)]]);
tell({ sum: allReduce(mine, { key: 1 }).arraySync() });
tell({ gathered: allGather(mine, { key: 2 }).arraySync() });

// Twenty in a row that do not depend on each other, at every call.
const step = jit((x: tf.Tensor) => {
  const sums = Array.from(
    { length: 20 },
    (_, i) => allReduce(tf.mul(x, i + 1), { key: 100 + i, timeoutSeconds: 5 }),
  );
  return { total: tf.addN(sums), rows: allGather(x, { key: 3, timeoutSeconds: 5 }) };
});
for (let call = 0; call < 3; call++) {
  const { total, rows } = await step.async(tf.add(mine, call));
  tell({ total: total.arraySync(), rows: rows.arraySync() });
}

// The same function twice, on what does not depend on each other.
const layers = jit((x: tf.Tensor) => {
  const layer = outlined((x: tf.Tensor, _: null, __: null) => {
    const once = allReduce(x, { key: 200, timeoutSeconds: 5 });
    return allReduce(tf.mul(once, 2), { key: 201, timeoutSeconds: 5 });
  }, { name: "layer" });
  return { first: layer(x, null, null), second: layer(tf.add(x, 1), null, null) };
});
const { first, second } = await layers.async(mine);
tell({ first: first.arraySync(), second: second.arraySync() });

if (dies && rank === 1) Deno.exit(3);
if (dies) {
  try {
    (await step.async(mine)).total.dataSync();
    tell({ error: null });
  } catch (error) {
    tell({ error: (error as Error).message });
  }
}
Deno.exit(0);
