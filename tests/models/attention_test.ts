/** Layouts and attention of random batches against attention written out in double precision. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { xoroshiro128plus } from "pure-rand";
import { blockAttention } from "@/lib/models/attention.ts";
import {
  type Layout,
  layOut,
  type LayoutKind,
  type LayoutSizes,
  type LayoutTensors,
  layoutTensors,
  type ScoredSequence,
} from "@/lib/models/layout.ts";
import { tf } from "@/lib/tensorflow/mod.ts";
import { attendNaively, type TokenVectors } from "./naive-attention.ts";
import { CONFIG } from "./random-model.ts";

/** Lengths of prompt, chosen and rejected: short ones, and ones on both sides of a chunk of 128 queries. */
const length = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 124, max: 132 }),
  fc.integer({ min: 10, max: 90 }),
);
const batch = (maxLength: number) =>
  fc.array(fc.tuple(length, length, length), { minLength: 1, maxLength });
const kind = fc.constantFrom<LayoutKind[]>("padded", "packed", "shared-prompt");
/** Sizes as needed, and enlarged: the places and rows behind the tokens must not matter. */
const fit = fc.constantFrom(
  (needed: LayoutSizes) => needed,
  ({ rows, lengths, scored }: LayoutSizes) => ({
    rows: rows + 7,
    lengths: lengths.map((n) => n + 5),
    scored: scored + 3,
  }),
);

/** Sequences whose ids name every token of the batch, from 1; only the prompts of a pair have the same ids. */
function namedTokens(pairs: [number, number, number][]): ScoredSequence[] {
  let id = 1;
  const next = (n: number) => Array.from({ length: n }, () => id++);
  const both = pairs.map(([prompt, chosen, rejected]) => {
    const ids = next(prompt);
    return [chosen, rejected].map((n) => ({ ids: [...ids, ...next(n)], start: prompt }));
  });
  return [0, 1].flatMap((side) => both.map((pair) => pair[side]));
}

/** Id of the token at each place, 0 where there is none. Padded rows are places, and row ids are 0 behind the text. */
const idsOfPlaces = ({ ids, places }: Layout): number[] =>
  places ? Array.from(places.rowOfPlace, (row) => ids[row]) : Array.from(ids);

Deno.test("each token of a response is scored once, in order, from the row of the token before it", () => {
  fc.assert(fc.property(batch(5), kind, fit, (pairs, kind, fit) => {
    const sequences = namedTokens(pairs);
    const layout = layOut(sequences, kind, fit);
    const scored = sequences.map((): number[] => []);
    layout.segmentOf.forEach((sequence, m) => {
      if (sequence === sequences.length) return;
      const ids = Array.from(sequences[sequence].ids), target = layout.targets[m];
      const before = ids.indexOf(target) - 1, row = layout.scoredRows[m];
      assert.equal(layout.ids[row], ids[before]);
      assert.equal(layout.positions[row], before);
      scored[sequence].push(target);
    });
    assert.deepEqual(scored, sequences.map(({ ids, start }) => Array.from(ids).slice(start)));
  }));
});

Deno.test("every token has its row, its position and its place; a pair's prompt is there once or twice", () => {
  fc.assert(fc.property(batch(5), kind, fit, (pairs, kind, fit) => {
    const sequences = namedTokens(pairs);
    const layout = layOut(sequences, kind, fit);
    const wanted = new Map<number, { position: number; times: number }>();
    sequences.forEach(({ ids }) =>
      Array.from(ids).forEach((id, position) => {
        const times = kind === "shared-prompt" ? 1 : (wanted.get(id)?.times ?? 0) + 1;
        wanted.set(id, { position, times });
      })
    );
    const found = new Map<number, { position: number; times: number }>();
    layout.ids.forEach((id, row) => {
      if (id === 0) return;
      found.set(id, { position: layout.positions[row], times: (found.get(id)?.times ?? 0) + 1 });
      if (layout.places) assert.equal(layout.places.rowOfPlace[layout.places.placeOfRow[row]], row);
    });
    assert.deepEqual(found, new Map([...wanted]));
    const places = layout.groups.reduce((n, { B, S }) => n + B * S, 0);
    assert.equal(idsOfPlaces(layout).length, places);
  }));
});

/** Outputs of all places, [P, H·K], for queries, keys and values [P, heads, K] as they are; their angles are 0. */
function attention({ groups }: LayoutTensors, [q_PHK, k_PGK, v_PGK]: tf.Tensor[]) {
  const [P, , K] = q_PHK.shape as [number, number, number];
  // Queries are scaled by 1/√K inside.
  const rows = [tf.mul(q_PHK, Math.sqrt(K)), k_PGK, v_PGK].map((x) => tf.reshape(x, [P, -1]));
  return blockAttention(tf.concat(rows, 1), groups, CONFIG, "fp32");
}

/** Blocks that end before, at and behind the end of a chunk, and one of three chunks. */
const EXAMPLES: [
  [number, number, number][],
  LayoutKind,
  (needed: LayoutSizes) => LayoutSizes,
  number,
][] = [
  [[[120, 7, 1], [100, 27, 28]], "packed", (needed) => needed, 1],
  [[[1, 1, 127], [60, 66, 2]], "shared-prompt", (needed) => needed, 2],
  [[[100, 128, 60]], "shared-prompt", (needed) => needed, 3],
];

Deno.test("attention and its gradients in every layout equal the formula in double precision to 1e-5", () => {
  const { num_attention_heads: H, num_key_value_heads: G, head_dim: K } = CONFIG;
  fc.assert(
    fc.property(batch(3), kind, fit, fc.integer(), (pairs, kind, fit, seed) => {
      const random = xoroshiro128plus(seed);
      const vector = (n: number) =>
        Float64Array.from({ length: n }, () => Math.fround(random.unsafeNext() / 2 ** 30));
      const sequences = namedTokens(pairs);
      const tokens = 1 + Math.max(...sequences.flatMap(({ ids }) => Array.from(ids)));
      const vectors = (n: number) => Array.from({ length: tokens }, () => vector(n));
      const x: TokenVectors = { q: vectors(H * K), k: vectors(G * K), v: vectors(G * K) };
      const dOut = vectors(H * K);
      const layout = layOut(sequences, kind, fit);
      const ids = idsOfPlaces(layout);

      const zeros = (like: Float64Array[]) => like.map((row) => new Float64Array(row.length));
      const gradients: TokenVectors = { q: zeros(x.q), k: zeros(x.k), v: zeros(x.v) };
      const outputs = zeros(x.q);
      const done = new Set<number>();
      for (const sequence of sequences) {
        const own = Array.from(sequence.ids);
        own.forEach((id, i) => {
          // A shared prompt asks once, otherwise it asks in both sequences.
          if (kind === "shared-prompt" && done.has(id)) return;
          done.add(id);
          outputs[id] = attendNaively(x, id, own.slice(0, i + 1), dOut[id], gradients, CONFIG);
        });
      }

      tf.tidy(() => {
        const placed = (rows: Float64Array[], heads: number, empty?: Float64Array) =>
          tf.tensor3d(
            Float32Array.from(
              ids.flatMap((id) => Array.from(id === 0 && empty ? empty : rows[id])),
            ),
            [ids.length, heads, K],
          );
        const inputs = [placed(x.q, H), placed(x.k, G), placed(x.v, G)];
        // Position 0 everywhere: an angle of 0.
        const positions = layout.positions.map(() => 0);
        const batch = layoutTensors({ ...layout, positions }, CONFIG);
        const attend = (...inputs: tf.Tensor[]) => attention(batch, inputs);
        const out = attend(...inputs).dataSync();
        const dy = tf.reshape(placed(dOut, H, new Float64Array(H * K)), [ids.length, H * K]);
        const found = tf.grads(attend)(inputs, dy).map((t) => t.dataSync());

        // Every place of a token gives the token's output; its gradients are the sum over its places.
        closeTo("output", Float64Array.from(out), ids.map((id) => outputs[id]), ids);
        (["q", "k", "v"] as const).forEach((name, i) => {
          const width = x[name][0].length, sums = zeros(x[name]);
          ids.forEach((id, place) => {
            for (let j = 0; j < width; j++) sums[id][j] += found[i][place * width + j];
          });
          closeTo(`gradient of ${name}`, flat(sums), gradients[name]);
        });
      });
    }),
    { numRuns: 8, seed: 7, examples: EXAMPLES },
  );
});

const flat = (rows: Float64Array[]) => Float64Array.from(rows.flatMap((row) => Array.from(row)));

/** ‖found − wanted‖ ≤ 1e-5·‖wanted‖ over rows with an id; rows without one count in gradients alone, as zero. */
function closeTo(what: string, found: Float64Array, wanted: Float64Array[], ids?: number[]): void {
  let error = 0, size = 0, at = 0;
  wanted.forEach((row, i) => {
    row.forEach((value) => {
      const difference = found[at++] - value;
      if (ids && ids[i] === 0) return;
      error += difference ** 2;
      size += value ** 2;
    });
  });
  const relative = Math.sqrt(error / size);
  assert.ok(size > 0 ? relative <= 1e-5 : error === 0, `${what} is off by ${relative}`);
}
