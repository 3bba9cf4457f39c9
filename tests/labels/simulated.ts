/** A database with pairs of known quality and simulated labelers who label them. */
import { createHash } from "node:crypto";
import { xoroshiro128plus } from "pure-rand";
import { Order } from "@/lib/labels/order.ts";
import { Pool } from "@/lib/labels/pool.ts";
import { Reservations } from "@/lib/labels/reservations.ts";
import { type LabelRequest, saveLabels } from "@/lib/labels/save.ts";
import { sideOrder, type SideVerdict, toSides } from "@/lib/labels/showing.ts";
import { StandingDecisions } from "@/lib/labels/standing.ts";
import type { Row, Store } from "@/lib/store/store.ts";
import { generation, judgement } from "@/tests/datasets/database.ts";
import { questionRow } from "@/tests/web/database.ts";

export const SECRET = "secret-of-the-simulation";

/** Numbers in [0, 1) that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  const random = xoroshiro128plus(seed);
  return () => (random.unsafeNext() >>> 0) / 2 ** 32;
}

/** Which version of a pair is the better one. */
export const betterOf = (index: number): "version1" | "version2" =>
  createHash("sha256").update(pairName(index)).digest()[0] < 128 ? "version1" : "version2";

export const pairName = (index: number) => `pair-${String(index).padStart(4, "0")}`;

/**
 * Adds pairs of one question. The better version is written by `strong` in three of four pairs, else by `weak`, and is
 * a little longer in two of three; of every second pair it alone passes the tests, else both do.
 */
export async function addPairs(store: Store, count: number): Promise<void> {
  await store.insert("questions", [questionRow("simulated", 1, "Simulated")], "DO NOTHING");
  const generations: Row[] = [], pairs: Row[] = [], judgements: Row[] = [];
  for (let i = 0; i < count; i++) {
    for (const version of ["version1", "version2"]) {
      const better = betterOf(i) === version;
      const id = `${pairName(i)}-${version}`;
      const code = `def f(x):\n    return ${
        better === (i % 3 > 0) ? "x + 1 + 0" : "x + 2"
      }  # ${i}`;
      const model = better === (i % 4 > 0) ? "strong" : "weak";
      generations.push(generation(id, "simulated", { model, code, raw_text: code }));
      judgements.push(judgement(id, better || i % 2 > 0 ? "pass" : "wrong"));
    }
    const id = pairName(i);
    pairs.push({
      id,
      slug: "simulated",
      version1: `${id}-version1`,
      version2: `${id}-version2`,
      kind: "generated",
    });
  }
  await store.insert("generations", generations);
  await store.insert("pairs", pairs);
  await store.insert("judgements", judgements);
}

/** What a labeler says of a pair whose better solution is on the side `better`. */
export type Habit = (better: "a" | "b", random: () => number) => SideVerdict;

/** Sees which is better nine times of ten. */
export const careful: Habit = (better, random) =>
  random() < 0.9 ? better : random() < 0.5 ? "same" : better === "a" ? "b" : "a";
/** Takes the left one four times of ten without looking, and is careful otherwise. */
export const leftBiased: Habit = (better, random) => random() < 0.4 ? "a" : careful(better, random);
/** Never looks. */
export const random: Habit = (_, random) =>
  (["a", "b", "a", "b", "same", "both_bad"] as const)[Math.floor(6 * random())];

/** Saves decisions as the web app does. */
export async function saveAll(
  store: Store,
  labeler: string,
  requests: LabelRequest[],
): Promise<void> {
  const pool = new Pool(), standing = new StandingDecisions();
  await pool.refresh(store);
  await standing.refresh(store, true);
  const settings = { overlap: 0, repeat: 0, gold: 0 };
  const order = new Order(SECRET, pool, standing, new Reservations(0), settings);
  const submissions = requests.map((request) => ({ labeler, request }));
  for (
    const outcome of await saveLabels(store, { secret: SECRET, pool, standing, order }, submissions)
  ) {
    if ("error" in outcome) throw outcome.error;
  }
}

/** Labels the first `count` pairs as `habit` says, through what the web app saves with. */
export async function labelAs(
  store: Store,
  labeler: string,
  habit: Habit,
  { count, seed }: { count: number; seed: number },
): Promise<void> {
  const next = randomFrom(seed);
  const requests: LabelRequest[] = [];
  for (let i = 0; i < count; i++) {
    const pair = pairName(i);
    const side = toSides(betterOf(i), sideOrder(SECRET, labeler, pair, 1)) as "a" | "b";
    const criterion = () => {
      const verdict = habit(side, next);
      return verdict === "both_bad" ? "cannot_judge" : verdict;
    };
    requests.push({
      client_id: `${labeler}-${pair}`,
      pair,
      showing: 1,
      action: "label",
      preference: habit(side, next),
      correctness: criterion(),
      performance: criterion(),
      readability: criterion(),
      reason: null,
      note: null,
      active_ms: 30_000,
      wall_ms: 60_000,
      revealed: i % 10 === 0 ? ["tests"] : [],
    });
  }
  await saveAll(store, labeler, requests);
}
