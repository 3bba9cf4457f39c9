/** Log-probs of tokens: equal to float64 whatever the size of the batch, and never all scores at once. */
import assert from "node:assert/strict";
import { tokenLogps } from "@/lib/models/vocabulary.ts";
import { jit, tf } from "@/lib/tensorflow/mod.ts";

/** Peak of this process's memory above what it uses now, while `work` runs; null where there is no /proc. */
function memoryOf(work: () => void): number | null {
  if (Deno.build.os !== "linux") return work(), null;
  const kilobytes = (key: string) =>
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = kilobytes("VmRSS");
  work();
  return (kilobytes("VmHWM") - before) * 1024;
}

/** log p(target) and its gradients for Σ weight·log p, in float64. */
function expected(h: number[][], head: number[][], targets: number[], weights: number[]) {
  const dh = h.map((row) => row.map(() => 0)), dHead = head.map((row) => row.map(() => 0));
  const logps = h.map((row, m) => {
    const scores = head.map((w) => w.reduce((sum, x, c) => sum + x * row[c], 0));
    const largest = Math.max(...scores);
    const sum = scores.reduce((total, s) => total + Math.exp(s - largest), 0);
    scores.forEach((s, v) => {
      const d = weights[m] * ((v === targets[m] ? 1 : 0) - Math.exp(s - largest) / sum);
      row.forEach((x, c) => {
        dh[m][c] += d * head[v][c];
        dHead[v][c] += d * x;
      });
    });
    return scores[targets[m]] - largest - Math.log(sum);
  });
  return { logps, dh: dh.flat(), dHead: dHead.flat() };
}

Deno.test("log-probs and gradients equal float64's", () => {
  const M = 7, C = 5, V = 384;
  const h = tf.randomNormal([M, C], 0, 3, "float32", 1),
    head = tf.randomNormal([V, C], 0, 2, "float32", 2);
  const targets = [0, 383, 5, 5, 128, 200, 77], weights = [1, -2, 0.5, 3, 0, 1, -1];
  const wanted = expected(
    h.arraySync() as number[][],
    head.arraySync() as number[][],
    targets,
    weights,
  );
  const [logps, dh, dHead] = jit((h: tf.Tensor, head: tf.Tensor) => {
    const score = (h: tf.Tensor, head: tf.Tensor) =>
      tokenLogps(h, head, tf.tensor1d(targets, "int32"), "fp32")[0];
    const grads = tf.grads((h: tf.Tensor, head: tf.Tensor) =>
      tf.sum(tf.mul(score(h, head), tf.tensor1d(weights)))
    )([h, head]);
    return [score(h, head), ...grads];
  })(h, head);
  const near = (name: string, got: tf.Tensor, want: number[]) =>
    got.dataSync().forEach((x, i) =>
      assert.ok(
        Math.abs(x - want[i]) <= 1e-5 * Math.max(1, Math.abs(want[i])),
        `${name} ${i}: ${x}, not ${want[i]}`,
      )
    );
  near("log-prob", logps, wanted.logps);
  near("dh", dh, wanted.dh);
  near("dHead", dHead, wanted.dHead);
  tf.dispose([h, head, logps, dh, dHead]);
});

Deno.test("a batch that is scored in chunks gives what its halves give, in bounded memory", () => {
  // All scores would be 1,024 rows · 151,936 tokens · 4 bytes = 622 MB, and as much for their gradient.
  const M = 1024, C = 16, V = 151_936;
  const h = tf.randomNormal([M, C], 0, 1, "float32", 3),
    head = tf.randomNormal([V, C], 0, 1, "float32", 4);
  const targets = tf.randomUniform([M], 0, V, "int32", 5);
  const step = jit((h: tf.Tensor, head: tf.Tensor, targets: tf.Tensor) =>
    tf.grads((h: tf.Tensor, head: tf.Tensor) => tf.sum(tokenLogps(h, head, targets, "fp32")[0]))([
      h,
      head,
    ])
  );
  const halves = [0, 1].map((i) =>
    step(
      tf.slice(h, [i * M / 2, 0], [M / 2, C]),
      head,
      tf.slice(targets, [i * M / 2], [M / 2]),
    )
  );
  let whole: tf.Tensor[] = [];
  const bytes = memoryOf(() => {
    whole = step(h, head, targets);
    whole.forEach((t) => t.dataSync());
  });
  const difference = (a: tf.Tensor, b: tf.Tensor) =>
    tf.tidy(() => tf.div(tf.norm(tf.sub(a, b)), tf.norm(b)).dataSync()[0]);
  const dh = tf.concat(halves.map(([dh]) => dh)), dHead = tf.add(halves[0][1], halves[1][1]);
  assert.ok(difference(whole[0], dh) < 1e-5);
  assert.ok(difference(whole[1], dHead) < 1e-5);
  if (bytes !== null) assert.ok(bytes < 620e6, `${(bytes / 1e6).toFixed(0)} MB`);
  tf.dispose([h, head, targets, dh, dHead, ...halves.flat(), ...whole]);
});
