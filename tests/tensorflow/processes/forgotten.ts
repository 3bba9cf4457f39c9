/**
 * What is alive after each of six rounds in which 100 tensors and 100 variables of 1 MiB are made and forgotten,
 * as JSON; needs --expose-gc.
 */
import { memory, ResourceVariable, tf } from "@/lib/tensorflow/mod.ts";

const { gc } = globalThis as unknown as { gc: () => void };
const ELEMENTS = 1 << 18;

async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function forget(count: number): number {
  for (let i = 0; i < count; i++) {
    const tensor = tf.fill([ELEMENTS], i);
    ResourceVariable.from(tensor).assignAdd(tensor);
  }
  return memory().handles;
}

const kept = tf.range(0, 5), alias = kept.clone();
kept.dataSync();
const before = memory();
const rounds: unknown[] = [];
for (let round = 0; round < 6; round++) {
  const handlesBefore = forget(100);
  await collect();
  rounds.push({ handlesBefore, ...memory(), rss: Deno.memoryUsage().rss });
}
const values = [...kept.dataSync(), ...alias.dataSync()];
console.log(JSON.stringify({ before, rounds, values }));
