/** The small models of tests/oracles/oracle_families.py, made from the same formula. */
import { join } from "node:path";
import { createSafetensors } from "@/lib/models/safetensors.ts";

export interface FamilyGolden {
  config: Record<string, unknown> & { model_type: string };
  class: string;
  block: string;
  tensors: { name: string; shape: number[]; offset: number; scale: number }[];
  ids: number[];
  scored_from: number;
  logits: number[][];
  loss: number;
  /** Norm, and products with pseudo-random vectors. */
  gradients: Record<string, number[]>;
  greedy: { from: number; ids: number[] };
}

export const GOLDEN: { first_vector: number; models: Record<string, FamilyGolden> } = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/oracles/families.json", import.meta.url)),
);

/** Numbers from -1 to 1, as `uniform` of the oracle. */
export function uniform(number: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1000003 * number, 2654435761);
    h ^= h >>> 15;
    h = Math.imul(h, 2246822519);
    h ^= h >>> 13;
    h = Math.imul(h, 3266489917);
    h ^= h >>> 16;
    return (h >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * How far a gradient is from the golden's, by its products with pseudo-random vectors.
 * @param gradient as files have the tensor
 */
export function gradientDifference(
  { gradients }: FamilyGolden,
  name: string,
  gradient: Float32Array,
): number {
  const [, ...products] = gradients[name];
  const missed = products.map((product, k) => {
    const vector = uniform(GOLDEN.first_vector + k, gradient.length);
    return product - gradient.reduce((sum, g, i) => sum + g * vector[i], 0);
  });
  // A vector's entries have the variance 1/3, so that the mean square of products is a third of the difference's.
  return Math.sqrt(3 * missed.reduce((sum, m) => sum + m * m, 0) / missed.length);
}

/** The file's tensors of a model, by name. */
export const goldenTensors = ({ tensors }: FamilyGolden): Map<string, Float32Array> =>
  new Map(tensors.map(({ name, shape, offset, scale }, number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return [name, Float32Array.from(uniform(number, count), (u) => offset + scale * u)];
  }));

/** Writes a model as transformers would, with a tokenizer of as many words. */
export function writeGoldenFolder(folder: string, golden: FamilyGolden): void {
  const write = (name: string, value: unknown) =>
    Deno.writeTextFileSync(join(folder, name), JSON.stringify(value));
  write("config.json", golden.config);
  const vocab = Object.fromEntries(
    Array.from({ length: golden.config.vocab_size as number }, (_, id) => [`t${id}`, id]),
  );
  write("tokenizer.json", {
    added_tokens: [{ id: 2, content: "t2", special: true }],
    model: { type: "BPE", vocab, merges: [] },
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
  });
  const writer = createSafetensors(
    join(folder, "model.safetensors"),
    golden.tensors.map(({ name, shape }) => ({ name, shape, dtype: "F32" })),
  );
  for (const [name, values] of goldenTensors(golden)) {
    writer.write(name, new Uint8Array(values.buffer));
  }
  writer.finish();
}
