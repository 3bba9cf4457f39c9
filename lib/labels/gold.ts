/**
 * Gold pairs: their right answer is known, and every labeler gets some of them.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { VersionVerdict } from "@/lib/labels/showing.ts";
import type { Store } from "@/lib/store/store.ts";

/** Answers that a gold pair may have. */
export const GOLD_ANSWERS = ["version1", "version2", "same", "both_bad"] as const;

/** A pair with its right answer. */
export interface GoldPair {
  pair: string;
  preference: VersionVerdict;
  /** Why it is right. */
  note: string | null;
}

/**
 * Makes a pair gold, or changes its answer.
 * @throws InputError when there is no such pair
 */
export async function addGold(store: Store, gold: GoldPair): Promise<void> {
  await requirePair(store, gold.pair);
  await store.insert(
    "gold",
    [{ ...gold }],
    "(pair) DO UPDATE SET preference = excluded.preference, note = excluded.note",
  );
}

/**
 * Makes a gold pair one like the others.
 * @throws InputError when it is not gold
 */
export async function removeGold(store: Store, pair: string): Promise<void> {
  const rows = await store.rows("DELETE FROM gold WHERE pair = $1 RETURNING pair", [pair]);
  if (rows.length === 0) throw new InputError(`Pair ${pair} is not gold.`);
}

/** All of them, by pair. */
export function listGold(store: Store): Promise<GoldPair[]> {
  return store.rows<GoldPair>("SELECT pair, preference, note FROM gold ORDER BY pair");
}

async function requirePair(store: Store, pair: string): Promise<void> {
  if (await store.row("SELECT 1 FROM pairs WHERE id = $1", [pair])) return;
  throw new InputError(`There is no pair ${pair}; the page of a pair has its id in the address.`);
}
