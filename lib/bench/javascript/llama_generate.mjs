/**
 * Generates with llama.cpp on a CPU as `deno task bench sample` asks; a line of JSON per batch size on stdout. Run by
 * Node, for which node-llama-cpp is made.
 *
 * Usage: llama_generate.mjs SETTINGS.json, in the folder that node-llama-cpp is installed in
 *
 * The lines: {"batch": n, "seconds": s, "tokens": n}, the prompts' reading included.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const { model: modelPath, prompts, threads, batches, new_tokens } = JSON.parse(
  readFileSync(process.argv[2], "utf8"),
);
const installed = createRequire(join(process.cwd(), "package.json")).resolve("node-llama-cpp");
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(installed));
const llama = await getLlama({
  gpu: false,
  build: "never",
  maxThreads: threads,
  logLevel: LlamaLogLevel.error,
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath });

async function generate(sequence, ids, count) {
  let tokens = 0;
  // Greedy, and on beyond an end of text, as all that is measured.
  for await (const _ of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (++tokens === count) break;
  }
  return tokens;
}

for (const batch of batches) {
  const context = await model.createContext({
    sequences: batch,
    contextSize: prompts[0].length + new_tokens,
    threads,
  });
  const sequences = Array.from({ length: batch }, () => context.getSequence());
  const all = (count) =>
    Promise.all(sequences.map((sequence, i) => generate(sequence, prompts[i], count)));
  // The first call touches the model's file and warms up the threads.
  await all(2);
  for (const sequence of sequences) await sequence.clearHistory();
  const start = performance.now();
  const tokens = (await all(new_tokens)).reduce((sum, count) => sum + count, 0);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ batch, seconds, tokens }));
  await context.dispose();
}
process.exit(0);
