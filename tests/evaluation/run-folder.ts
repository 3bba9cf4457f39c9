import { join } from "node:path";

/** Writes a run folder such as training leaves, in a temporary folder that is deleted after `work`. */
export async function withRunFolder(
  work: (folder: string) => Promise<void>,
  { kinds = { synthetic: 70 } as Record<string, number>, loss = "dpo" } = {},
): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "codepref-test-" });
  try {
    const folder = join(parent, "demo_2026-01-01");
    await Deno.mkdir(join(folder, "step-8", "policy"), { recursive: true });
    await Deno.symlink("step-8", join(folder, "LATEST"));
    await Deno.writeTextFile(
      join(folder, "config.json"),
      JSON.stringify({
        exp_name: "demo",
        settings: { seed: 7, lr: 1e-5, loss: { name: loss, beta: 0.1 }, note: "<b>bold</b>" },
        model: { name: "smollm2", digest: "abcdef0123456789" },
        datasets: [{ name: "lc", digest: "0123456789abcdef", pairs: 70, labelerKinds: kinds }],
      }),
    );
    const held = (loss: number, accuracy: number) => ({
      "loss/eval": loss,
      "rewards_eval/accuracies": accuracy,
      "logps_eval/chosen": -90 + accuracy,
      "logps_eval/rejected": -80 - accuracy,
    });
    const records = [
      { examples: 0, updates: 0, ...held(Math.LN2, 0.5) },
      { examples: 4, updates: 1, "loss/train": Math.LN2, grad_norm: 3, tokens_per_second: 400 },
      { examples: 8, updates: 2, "loss/train": 0.5, grad_norm: 2, tokens_per_second: 500 },
      { examples: 8, updates: 2, ...held(0.6, 0.75), peak_memory_bytes: 2 ** 31 },
    ];
    await Deno.writeTextFile(
      join(folder, "metrics.jsonl"),
      records.map((record) => JSON.stringify(record) + "\n").join("") + '{"examples": 12, "lo',
    );
    await Deno.writeTextFile(
      join(folder, "samples.json"),
      JSON.stringify([{
        title: "Add two numbers",
        prompt: "Add <a> and <b>.",
        before: "</code></pre><script>alert(1)</script>",
        after: "def add(a, b):\n    return a + b if a < b else b + a",
      }]),
    );
    await work(folder);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}
