/** Run folders as training leaves them while it goes on. */
import { join } from "node:path";

/** Two empty local_dirs in a folder that is gone afterwards. */
export async function withRuns(
  work: (localDirs: string[], parent: string) => Promise<void>,
): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "codepref-test-" });
  try {
    const localDirs = ["runs", "more-runs"].map((name) => join(parent, name));
    for (const folder of localDirs) await Deno.mkdir(folder);
    await work(localDirs, parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** One line of metrics.jsonl: two examples a second. */
export const metricsLine = (examples: number, loss: number) => ({
  examples,
  updates: examples / 8,
  time: new Date(Date.UTC(2026, 0, 1, 0, 0, examples / 2)).toISOString(),
  "loss/train": loss,
  "rewards_train/accuracies": 0.75,
  tokens_per_second: 400,
});

/** Writes a run of 32 examples. */
export async function writeRun(localDir: string, name: string, lines: object[]): Promise<string> {
  const folder = join(localDir, name);
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    join(folder, "config.json"),
    JSON.stringify({
      exp_name: name.split("_")[0],
      settings: { loss: "dpo", "loss.beta": 0.1, lr: 1e-5 },
      total_examples: 32,
    }),
  );
  const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
  await appendLines(folder, "metrics.jsonl", text);
  return folder;
}

export const appendLines = (folder: string, name: string, text: string): Promise<void> =>
  Deno.writeTextFile(join(folder, name), text, { append: true });

/** Leaves the checkpoint of the run's end. */
export async function finishRun(folder: string, examples: number): Promise<void> {
  await Deno.mkdir(join(folder, `step-${examples}`));
  await Deno.writeTextFile(
    join(folder, `step-${examples}`, "trainer.json"),
    JSON.stringify({ examples, finished: true }),
  );
}

/** Holds the folder as a training process does, until it is disposed. */
export function lockRun(folder: string): Disposable {
  const file = Deno.openSync(join(folder, "run.lock"), { create: true, write: true });
  file.lockSync(true);
  return { [Symbol.dispose]: () => file[Symbol.dispose]() };
}
